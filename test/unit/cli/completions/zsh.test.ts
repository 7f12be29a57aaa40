import { completionClauses } from "./shells.ts";

completionClauses("zsh");
