import { expect, test } from "vitest";
import { COMMANDS } from "../../../src/nbd/protocol.ts";
import { Traffic } from "../../../src/nbd/traffic.ts";

test("reads and writes are told apart, whatever else there is only counts", () => {
  const traffic = new Traffic();
  traffic.count(COMMANDS.read, 1);
  traffic.count(COMMANDS.write, 20);
  traffic.count(COMMANDS.writeZeroes, 300);
  traffic.count(COMMANDS.trim, 4000);
  traffic.count(COMMANDS.flush, 0);
  traffic.count(COMMANDS.blockStatus, 50_000);
  expect({ ...traffic }).toEqual({ requestCount: 6, readBytes: 1, writtenBytes: 4320 });
});
