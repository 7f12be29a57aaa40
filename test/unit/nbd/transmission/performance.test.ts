import { expect, test } from "vitest";
import { BlockDeviceError, ERROR_CODES, type ErrorCode } from "../../../../src/block/errors.ts";
import { type Plan, readStep, runSync, type Step } from "../../../../src/block/plan.ts";
import { perform, planReply, refusalOf } from "../../../../src/nbd/transmission/performance.ts";
import type { NbdMode } from "../../../../src/nbd/protocol.ts";
import { ownRoom } from "../../../../src/nbd/transmission/reply_output.ts";
import { CMD, memoryExports } from "../dialogue.ts";

const [disk] = memoryExports(2 ** 18);
const { device } = disk;
const agreement = { export: disk, mode: "structured" as NbdMode, contexts: [0] };

function planOf(command: number, byteCount: number, flags = 0): Plan<Uint8Array> {
  const request = {
    ...{ command, flags, echo: new Uint8Array(8), offsetBytes: 4096, byteCount },
    payloadBytes: 0,
  };
  const payload = command === CMD.write ? new Uint8Array(byteCount) : null;
  return planReply(request, payload, agreement);
}

/** The steps of a request, none of them performed. */
function stepsOf(command: number, byteCount: number, flags = 0): Step[] {
  return [...planOf(command, byteCount, flags)];
}

test("each command is its own kind of steps", () => {
  const kinds = (...words: [number, number, number?]) => stepsOf(...words).map(({ kind }) => kind);
  expect(kinds(CMD.read, 8192)).toEqual(["read"]);
  expect(kinds(CMD.write, 8192)).toEqual(["write"]);
  expect(kinds(CMD.flush, 0)).toEqual(["flush"]);
  expect(kinds(CMD.trim, 8192)).toEqual(["discard"]);
  expect(kinds(CMD.trim, 8192, 1)).toEqual(["discard", "flush"]);
  expect(kinds(CMD.trim, 2 ** 31)).toEqual(["discard", "sleep", "discard"]);
  expect(kinds(CMD.zeroes, 2 ** 25)).toEqual(["zero"]);
  // In between, other clients have their turn.
  expect(kinds(CMD.zeroes, 2 ** 26)).toEqual(["zero", "sleep", "zero"]);
  expect(kinds(CMD.zeroes, 2.5 * 2 ** 20, 2)).toEqual(["write", "write", "write"]);
  expect(kinds(CMD.cache, 2 ** 26)).toEqual(Array(32).fill("read"));
});

test("FUA is the device's own, of every piece", () => {
  for (const [command, flags] of [[CMD.write, 1], [CMD.zeroes, 1], [CMD.zeroes, 3]] as const) {
    const steps = stepsOf(command, 1536 * 1024, flags);
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) expect(step).toMatchObject({ fua: true });
  }
});

test("long zeroes are done to their end, on a device that could answer at once", async () => {
  await device.write(new Uint8Array(512).fill(1), 8);
  await device.write(new Uint8Array(512).fill(1), 8 + 2 ** 17 - 1);
  await device.write(new Uint8Array(512).fill(1), 8 + 2 ** 17);
  const reply = perform(device, () => planOf(CMD.zeroes, 2 ** 26), ownRoom, true);
  expect(reply).toBeInstanceOf(Promise);
  await reply;
  const sectors = new Uint8Array(1024);
  await device.read(sectors, 8 + 2 ** 17 - 1);
  expect([sectors[0], sectors[512]]).toEqual([0, 1]);
});

test("a fast zero is refused at once", () => {
  expect(() => stepsOf(CMD.zeroes, 512, 16)).toThrow(BlockDeviceError);
  expect(() => stepsOf(CMD.zeroes, 512, 16)).toThrow(/faster/);
});

test("one extent is told when one is wanted, and none beyond what was asked for", async () => {
  await device.write(new Uint8Array(512).fill(1), 16);
  const status = (flags: number) => runSync(planOf(CMD.status, 12288, flags));
  expect(status(0).byteLength).toBe(20 + 4 + 3 * 8);
  expect(status(8).byteLength).toBe(20 + 4 + 8);
  const long = {
    name: "x:long",
    *planStatus() {
      return [{ sectorCount: 2 ** 20, flags: 1 }, { sectorCount: 1, flags: 0 }];
    },
  };
  const told = { ...agreement, export: { ...disk, contexts: [long] }, contexts: [1] };
  const request = {
    ...{ command: 7, flags: 0, echo: new Uint8Array(8), offsetBytes: 0, payloadBytes: 0 },
  };
  const reply = runSync(planReply({ ...request, byteCount: 4096 }, null, told));
  expect(reply.subarray(24).toHex()).toBe("00001000" + "00000001");
});

test("a short reply keeps no long frame alive, and one in shared room is not copied", async () => {
  const offset = 96 * 2 ** 20;
  await device.write(new Uint8Array(512).fill(1), offset / 512);
  const read = (offsetBytes: number, take = ownRoom) => {
    const head = { command: CMD.read, flags: 0, echo: new Uint8Array(8), payloadBytes: 0 };
    return runSync(planReply({ ...head, offsetBytes, byteCount: 2 ** 20 }, null, agreement, take));
  };
  const own = read(offset);
  expect(own.buffer.byteLength).toBe(own.byteLength);
  expect(own.byteLength).toBe(28 + 4096 + 32);
  const shared = new Uint8Array(2 ** 22);
  const reply = read(offset, (byteCount) => shared.subarray(0, byteCount));
  expect([reply.buffer === shared.buffer, reply.byteLength]).toEqual([true, own.byteLength]);
});

test("a device that cannot answer at once is asked again, and answers later", async () => {
  let plans = 0;
  const makePlan = (code: ErrorCode | null) =>
    function* (): Plan<Uint8Array> {
      if (plans++ === 0 && code !== null) throw new BlockDeviceError(code, "not now");
      yield readStep(device, new Uint8Array(512), 0);
      return new Uint8Array(1);
    };
  expect(perform(device, makePlan(null))).toEqual(new Uint8Array(1));
  plans = 0;
  const later = perform(device, makePlan("EAGAIN"));
  expect(later).toBeInstanceOf(Promise);
  expect(await later).toEqual(new Uint8Array(1));
  expect(plans).toBe(2);
  plans = 0;
  expect(() => perform(device, makePlan("EIO"))).toThrow("not now");
});

test("every failure has a number that NBD knows, and its words stay here", () => {
  const known = ["EPERM", "EIO", "ENOMEM", "EINVAL", "ENOSPC", "EOVERFLOW", "ENOTSUP", "ESHUTDOWN"];
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const refusal = refusalOf(new BlockDeviceError(code, "/home/secret.img"));
    expect(refusal).toEqual({
      code: code === "EROFS" ? "EPERM" : known.includes(code) ? code : "EIO",
      sentence: "",
    });
  }
  expect(refusalOf(new TypeError("a bug"))).toEqual({ code: "EIO", sentence: "" });
});
