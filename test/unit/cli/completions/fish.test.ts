import { completionClauses } from "./shells.ts";

await completionClauses("fish");
