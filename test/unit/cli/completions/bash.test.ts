import { completionClauses } from "./shells.ts";

await completionClauses("bash");
