import { completionClauses } from "./shells.ts";

completionClauses("bash");
