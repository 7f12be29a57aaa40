import { completionClauses } from "./shells.ts";

completionClauses("fish");
