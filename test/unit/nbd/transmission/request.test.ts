import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import {
  checkRequest,
  decodeRequest,
  type NbdRequest,
  readFilter,
  requestHeadBytes,
  sectorOf,
} from "../../../../src/nbd/transmission/request.ts";
import type { NbdMode } from "../../../../src/nbd/protocol.ts";
import {
  type Ask,
  ask,
  askExtended,
  CMD,
  memoryExports,
  PAYLOAD_FLAG,
  u32,
  u64,
} from "../dialogue.ts";

const [disk] = memoryExports(128);
const MAX = 32 * 1024 * 1024;

function codeOf(parts: Partial<NbdRequest>, isReadOnly = false): string | undefined {
  const request = {
    ...{ command: CMD.read, flags: 0, echo: new Uint8Array(8), offsetBytes: 0, byteCount: 512 },
    payloadBytes: parts.command === CMD.write ? parts.byteCount ?? 512 : 0,
    ...parts,
  };
  const agreement = {
    export: { ...disk, isReadOnly },
    mode: "structured" as NbdMode,
    contexts: [],
  };
  return checkRequest(request, agreement)?.code;
}

test("28 bytes are a request, or nothing", () => {
  const bytes = ask({ command: 7, cookie: 9, flags: 8, offset: 2 ** 40, length: 0xfffffe00 });
  const request = decodeRequest(new Uint8Array(bytes), "structured");
  expect(request).toEqual({
    command: 7,
    flags: 8,
    echo: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9),
    payloadBytes: 0,
    offsetBytes: 2 ** 40,
    byteCount: 0xfffffe00,
  });
  expect(sectorOf(request!)).toBe(2 ** 31);
  bytes[0] = 0;
  expect(decodeRequest(new Uint8Array(bytes), "structured")).toBe(null);
});

test("32 bytes are an extended request; what is longer than any payload is none", () => {
  const decode = (what: Partial<Ask>) => {
    const bytes = askExtended({ command: CMD.write, cookie: 9, offset: 2 ** 40, ...what });
    return decodeRequest(
      new Uint8Array(bytes).subarray(0, requestHeadBytes("extended")),
      "extended",
    );
  };
  const echo = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 1, 0, 0, 0, 0, 0);
  const head = { echo, offsetBytes: 2 ** 40, command: CMD.write };
  expect(decode({ length: 2 ** 50 })).toEqual({
    ...{ ...head, flags: 0, byteCount: 2 ** 50, payloadBytes: 0 },
  });
  expect(decode({ length: MAX, flags: PAYLOAD_FLAG })).toEqual({
    ...{ ...head, flags: PAYLOAD_FLAG, byteCount: MAX, payloadBytes: MAX },
  });
  expect(decode({ length: MAX + 1, flags: PAYLOAD_FLAG })).toBe(null);
});

test("what may be done is not refused", () => {
  for (const command of [CMD.read, CMD.write, CMD.trim, CMD.cache, CMD.zeroes]) {
    expect(codeOf({ command })).toBe(undefined);
    expect(codeOf({ command, flags: 1, offsetBytes: 65536 - 512 })).toBe(undefined);
    expect(codeOf({ command, offsetBytes: 65535, byteCount: 1 })).toBe(undefined);
    expect(codeOf({ command, offsetBytes: 1, byteCount: 256 })).toBe(undefined);
  }
  expect(codeOf({ command: CMD.flush, byteCount: 0 })).toBe(undefined);
  expect(codeOf({ flags: 4 })).toBe(undefined);
  expect(codeOf({ command: CMD.zeroes, flags: 2 | 16 })).toBe(undefined);
});

test.each(
  [
    ["no length", { byteCount: 0 }, "EINVAL"],
    ["a flush of something", { command: CMD.flush }, "EINVAL"],
    ["a read across the end by a byte", { offsetBytes: 65536 - 511 }, "EINVAL"],
    ["a read past the end", { offsetBytes: 65536 }, "EINVAL"],
    ["a read across the end", { offsetBytes: 65536 - 512, byteCount: 1024 }, "EINVAL"],
    ["a read beyond every end", { offsetBytes: 2 ** 63 }, "EINVAL"],
    ["a write past the end", { command: CMD.write, offsetBytes: 65536 }, "ENOSPC"],
    ["zeroes past the end", { command: CMD.zeroes, byteCount: 0xfffffe00 }, "ENOSPC"],
    ["a discard past the end", { command: CMD.trim, offsetBytes: 2 ** 50 }, "ENOSPC"],
    ["a read that is too long", { byteCount: MAX + 512 }, "EINVAL"],
    ["a write that is too long", { command: CMD.write, byteCount: MAX + 512 }, "EINVAL"],
    ["a flag of another command", { flags: 2 }, "EINVAL"],
    ["a flag that is none", { command: CMD.write, flags: 0x8000 }, "EINVAL"],
    ["status without a context", { command: CMD.status }, "EINVAL"],
    ["a command that is none", { command: 8 }, "EINVAL"],
    ["another one", { command: 0xffff }, "EINVAL"],
  ] as const,
)("%s is refused", (_name, parts, code) => {
  expect(codeOf(parts)).toBe(code);
});

test("a read-only export is not changed", () => {
  for (const command of [CMD.write, CMD.trim, CMD.zeroes]) {
    expect(codeOf({ command }, true)).toBe("EPERM");
  }
  expect(codeOf({ command: CMD.flush, byteCount: 0 }, true)).toBe(undefined);
});

test("a filter is a length and some of the contexts that were chosen, each once", () => {
  const agreement = { export: disk, mode: "extended" as NbdMode, contexts: [0, 2] };
  const filter = (length: number, ...ids: number[]) => {
    const payload = Buffer.concat([u64(length), ...ids.map(u32)]);
    const bytes = askExtended({ command: CMD.status, cookie: 1, flags: PAYLOAD_FLAG, payload });
    const request = decodeRequest(new Uint8Array(bytes), "extended")!;
    return checkRequest(request, agreement) ?? readFilter(request, payload, agreement);
  };
  expect(filter(4096, 2)).toMatchObject({ byteCount: 4096, contexts: [2] });
  expect(filter(65536, 2, 0)).toMatchObject({ byteCount: 65536, contexts: [2, 0] });
  for (const wrong of [[4096], [4096, 1], [4096, 2, 2], [4096, 0, 2, 0], [0, 2], [65537, 2]]) {
    const [length, ...ids] = wrong as [number, ...number[]];
    expect(filter(length, ...ids)).toMatchObject({ code: "EINVAL" });
  }
});
