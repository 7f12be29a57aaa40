import { expect, test } from "vitest";
import { tagOf } from "../../../src/disk/origin_tag.ts";
import { memoryOrigin } from "./patterned_disk.ts";

const withFacts = (facts: object) => Object.assign(memoryOrigin(), facts);

test.each<[string, object, string | null]>([
  ["its own word", { tag: "v1", identity: { etag: '"v2"', lastModified: null } }, "v1"],
  ["an ETag", { identity: { etag: '"v2"', lastModified: "yesterday" } }, '"v2"'],
  ["a date", { identity: { etag: null, lastModified: "yesterday" } }, "yesterday"],
  [
    "nothing, when its server tells nothing",
    { identity: { etag: null, lastModified: null } },
    null,
  ],
  ["nothing, when its word is none", { tag: 7, identity: "odd" }, null],
  ["nothing", {}, null],
])("an origin is tagged by %s", (_what, facts, tag) => {
  expect(tagOf(withFacts(facts))).toBe(tag);
});
