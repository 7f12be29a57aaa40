/** The least that a page needs to have a snapshot: what its bundle weighs is measured. */
export { createMemoryDevice, openOrigin, openSnapshot } from "../../../src/mod.ts";
