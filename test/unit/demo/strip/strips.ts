/** Strips made by hand. */
import type { Strip } from "../../../../demo/engine/scene.ts";

/** A strip of zeroes whose chunks are all `shared`, but for what is said. */
export function stripOf(facts: Partial<Strip> & Pick<Strip, "role" | "chunkCount">): Strip {
  return {
    name: facts.role,
    partner: undefined,
    origin: undefined,
    chunkBytes: 4096,
    table: "",
    status: "",
    health: "valid",
    generations: new Uint16Array(facts.chunkCount),
    places: new Uint8Array(facts.chunkCount),
    ...facts,
  };
}
