import { assertEquals, assertThrows } from "@std/assert";
import { test } from "vitest";
import { BlockDeviceError } from "../../../src/block/errors.ts";
import { MapperError } from "../../../src/mapper/mapper_error.ts";
import { sendMessage } from "../../../src/mapper/target_message.ts";
import { createError } from "../../../src/targets/fault/error.ts";

/** A target that answers with its name and the words. */
const answering = (name: string, sectorCount: number) =>
  Object.assign(createError(sectorCount), {
    message: (words: readonly string[]) => [name, ...words].join("+"),
  });

const targets = [answering("one", 8), createError(8), answering("three", 8)];

test.each([[0, "one+a+b"], [7, "one+a+b"], [16, "three+a+b"], [23, "three+a+b"]])(
  "sector %i: the target it lies in gets the words",
  (sector, answer) => {
    assertEquals(sendMessage({ name: "t", targets, sector }, ["a", "b"], () => {}), answer);
  },
);

test.each([
  [8, "its target takes none", "ioctl: Target type does not support messages"],
  [15, "its target takes none", "ioctl: Target type does not support messages"],
  [24, "no target is there", "ioctl: Target message sector outside device."],
])("sector %i: %s", (sector, why, line) => {
  const log: string[] = [];
  const send = () => sendMessage({ name: "t", targets, sector }, ["a"], (each) => log.push(each));
  const error = assertThrows(send, MapperError, why);
  assertEquals([error.verb, error.code, error.logLines, log], ["message", "EINVAL", [line], [
    line,
  ]]);
});

test("a target's refusal keeps its code and its sentence; what is no refusal is passed on", () => {
  const failing = (failure: Error) => [
    Object.assign(createError(8), {
      message: () => {
        throw failure;
      },
    }),
  ];
  const refusal = new BlockDeviceError("ENOSPC", "There is no room for that");
  const send = (failure: Error) => () =>
    sendMessage({ name: "t", targets: failing(failure), sector: 0 }, ["a"], () => {});
  const error = assertThrows(send(refusal), MapperError, "There is no room for that");
  assertEquals([error.code, error.cause, error.logLines], ["ENOSPC", refusal, []]);
  assertThrows(send(new TypeError("a bug")), TypeError, "a bug");
});
