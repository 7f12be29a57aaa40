import { expect, test } from "vitest";
import { Disk } from "../../../../src/disk/disk.ts";
import { PLAIN_VERBS } from "../../../../src/disk/remote/disk_protocol.ts";

test("a plain verb is a method of a disk, and none that works at once", () => {
  for (const verb of PLAIN_VERBS) {
    expect(Disk.prototype[verb]).toBeTypeOf("function");
    expect(verb).not.toMatch(/Sync$/);
  }
});
