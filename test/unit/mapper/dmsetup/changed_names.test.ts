import { assertEquals } from "@std/assert";
import { test } from "vitest";
import { changedNames } from "../../../../src/mapper/dmsetup/changed_names.ts";
import { createRig } from "../rig.ts";

test("a command that changes devices names them by any word, one that asks changes none", () => {
  const { mapper } = createRig();
  mapper.createSync("origin", "0 8 zero");
  const of = (line: string) => changedNames(mapper, line.split(" "));
  assertEquals(of("create new --table zeroes"), ["new"]);
  assertEquals(of("suspend --noflush 253:0 /dev/mapper/origin"), ["origin", "origin"]);
  assertEquals(of("rename origin other"), ["origin", "other"]);
  assertEquals([of("remove_all"), of("create --concise a,,,,")], ["all", "all"]);
  for (const line of ["status", "table origin", "wait origin", "ls --tree", "nonsense", ""]) {
    assertEquals(of(line), null, line);
  }
});
