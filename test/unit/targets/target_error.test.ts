import { assertEquals } from "@std/assert";
import { test } from "vitest";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { TargetError } from "../../../src/targets/target_error.ts";

test("it says the same to people and to whoever reads a kernel's log", () => {
  const error = new TargetError("EINVAL", "Chunk size not set", "Cannot use chunks of 0 sectors", {
    device: "vdb",
  });
  assertEquals(error instanceof BlockDeviceError, true);
  assertEquals([error.name, error.code, error.device], ["TargetError", "EINVAL", "vdb"]);
  assertEquals(error.reason, "Chunk size not set");
  assertEquals(error.message, "Cannot use chunks of 0 sectors");
});
