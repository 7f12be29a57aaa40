import { assertEquals } from "@std/assert";
import { test } from "vitest";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { MapperError } from "../../../src/mapper/mapper_error.ts";

test("a refusal carries the ioctl, the device and the kernel's log", () => {
  const cause = new BlockDeviceError("EINVAL", "because");
  const place = { device: "snap", number: "253:0", logLines: ["table: 253:0: …"], cause };
  const error = new MapperError("reload", "EINVAL", "Cannot load", place);
  assertEquals(error instanceof BlockDeviceError, true);
  assertEquals([error.name, error.code, error.message], ["MapperError", "EINVAL", "Cannot load"]);
  assertEquals([error.verb, error.device, error.number], ["reload", "snap", "253:0"]);
  assertEquals([error.logLines, error.cause], [["table: 253:0: …"], cause]);
});

test("where the kernel says nothing, nothing is logged", () => {
  const error = new MapperError("remove", "ENXIO", "Cannot remove", { device: "snap" });
  assertEquals([error.number, error.logLines], [undefined, []]);
});
