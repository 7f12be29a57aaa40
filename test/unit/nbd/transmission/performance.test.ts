import { expect, test } from "vitest";
import { BlockDeviceError, ERROR_CODES, type ErrorCode } from "../../../../src/block/errors.ts";
import { Gate } from "../../../../src/block/gate.ts";
import {
  type Plan,
  readStep,
  runAsync,
  runSync,
  type Step,
  waitStep,
} from "../../../../src/block/plan.ts";
import {
  heldBytesOf,
  perform,
  planReply,
  refusalOf,
} from "../../../../src/nbd/transmission/performance.ts";
import type { NbdMode } from "../../../../src/nbd/protocol.ts";
import { ownRoom } from "../../../../src/nbd/transmission/reply_output.ts";
import { partFenceOf } from "../../../../src/nbd/transmission/part_fence.ts";
import type { NbdRequest } from "../../../../src/nbd/transmission/request.ts";
import { CMD, memoryExports } from "../dialogue.ts";

const [disk] = memoryExports(2 ** 18);
const { device } = disk;
const agreement = { export: disk, mode: "structured" as NbdMode, contexts: [0] };

function requestOf(command: number, byteCount: number, flags = 0, offsetBytes = 4096): NbdRequest {
  return { command, flags, echo: new Uint8Array(8), offsetBytes, byteCount, payloadBytes: 0 };
}

function planOf(...words: Parameters<typeof requestOf>): Plan<Uint8Array> {
  const request = requestOf(...words);
  const payload = request.command === CMD.write ? new Uint8Array(request.byteCount) : null;
  return planReply(request, payload, agreement);
}

/** The steps of a request, none of them performed. */
function stepsOf(...words: Parameters<typeof requestOf>): Step[] {
  return [...planOf(...words)];
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

test("what is not of whole blocks becomes so: a write stays one, a discard loses its ends", () => {
  const steps = (...words: Parameters<typeof requestOf>) =>
    stepsOf(...words).map((step) => {
      const bytes = step.kind === "read" ? step.target : step.kind === "write" ? step.source : null;
      const count = bytes === null ? "sectorCount" in step && step.sectorCount : bytes.length / 512;
      return `${step.kind} ${count} at ${"sector" in step && step.sector}`;
    });
  expect(steps(CMD.read, 3, 0, 1022)).toEqual(["read 2 at 1"]);
  expect(steps(CMD.write, 1600, 0, 500)).toEqual(["read 1 at 0", "read 1 at 4", "write 5 at 0"]);
  expect(steps(CMD.zeroes, 3, 0, 1022)).toEqual(["read 1 at 1", "read 1 at 2", "write 2 at 1"]);
  expect(steps(CMD.zeroes, 1600, 0, 500)).toEqual([
    ...["read 1 at 0", "write 1 at 0", "zero 3 at 1", "read 1 at 4", "write 1 at 4"],
  ]);
  expect(steps(CMD.trim, 1600, 0, 500)).toEqual(["discard 3 at 1"]);
  expect(steps(CMD.trim, 1000, 0, 1)).toEqual([]);
  expect(steps(CMD.cache, 1600, 0, 500)).toEqual(["read 5 at 0"]);
  expect(steps(CMD.status, 1600, 0, 500)).toEqual(["read 5 at 0"]);
});

test("FUA is the device's own, of every piece", () => {
  for (const [command, flags] of [[CMD.write, 1], [CMD.zeroes, 1], [CMD.zeroes, 3]] as const) {
    for (const offsetBytes of [4096, 4097]) {
      const steps = stepsOf(command, 1536 * 1024, flags, offsetBytes)
        .filter(({ kind }) => kind !== "read");
      expect(steps.length).toBeGreaterThan(0);
      for (const step of steps) expect(step).toMatchObject({ fua: true });
    }
  }
});

test("long zeroes are done to their end, on a device that could answer at once", async () => {
  await device.write(new Uint8Array(512).fill(1), 8);
  await device.write(new Uint8Array(512).fill(1), 8 + 2 ** 17 - 1);
  await device.write(new Uint8Array(512).fill(1), 8 + 2 ** 17);
  const reply = perform(requestOf(CMD.zeroes, 2 ** 26), device, () => planOf(CMD.zeroes, 2 ** 26));
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

test("what is said of blocks is told of the bytes that were asked for", async () => {
  await device.write(new Uint8Array(512).fill(1), 2 ** 16);
  const told = (byteCount: number, offset: number) =>
    runSync(planOf(CMD.status, byteCount, 0, 2 ** 25 + offset)).subarray(24).toHex();
  expect(told(1, 511)).toBe("00000001" + "00000000");
  expect(told(8192, 100)).toBe("00000f9c" + "00000000" + "00001064" + "00000002");
});

test("a request that is joined with the rest of its blocks holds twice as much", () => {
  expect(heldBytesOf(requestOf(CMD.write, 4096), device)).toBe(4096);
  expect(heldBytesOf(requestOf(CMD.read, 4095), device)).toBe(8190);
  expect(heldBytesOf(requestOf(CMD.zeroes, 2 ** 26), device)).toBe(0);
});

test("a write to a block that somebody is on a part of is done in its turn", async () => {
  const fence = partFenceOf(device);
  const gate = new Gate();
  const before = runAsync(fence.planInTurn(
    ...[device, 10, 20] as const,
    (function* () {
      yield waitStep(gate, "the test");
    })(),
  ));
  const ask = (offset: number) => {
    const request = requestOf(CMD.write, 512, 0, offset);
    return perform(
      request,
      device,
      (take) => planReply(request, new Uint8Array(512), agreement, take),
    );
  };
  expect(ask(512)).toBeInstanceOf(Uint8Array);
  const later = ask(0);
  expect(later).toBeInstanceOf(Promise);
  gate.open();
  await before;
  await later;
  expect(ask(0)).toBeInstanceOf(Uint8Array);
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
  const request = requestOf(CMD.read, 512);
  expect(perform(request, device, makePlan(null))).toEqual(new Uint8Array(1));
  plans = 0;
  const later = perform(request, device, makePlan("EAGAIN"));
  expect(later).toBeInstanceOf(Promise);
  expect(await later).toEqual(new Uint8Array(1));
  expect(plans).toBe(2);
  plans = 0;
  expect(() => perform(request, device, makePlan("EIO"))).toThrow("not now");
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
