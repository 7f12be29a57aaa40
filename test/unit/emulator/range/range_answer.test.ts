import { expect, test } from "vitest";
import { createMemoryDevice } from "../../../../src/devices/memory.ts";
import { parseContentRange } from "../../../../src/devices/http/header_fields.ts";
import { checked } from "../../../../src/block/checked.ts";
import { BlockDeviceError, type ErrorCode } from "../../../../src/block/errors.ts";
import { answerRange, sayNo } from "../../../../src/emulator/range/range_answer.ts";
import { patternOf, Prng } from "../../../../src/testing/mod.ts";

const URL = "https://example.com/disk";

function imageOf(sectorCount: number) {
  const content = patternOf(1, 0, sectorCount);
  const device = createMemoryDevice({ sectorCount, content, readOnly: true });
  return { content, image: { device, version: "v1" } };
}

const get = (fields: Record<string, string> = {}) => new Request(URL, { headers: fields });

test("for every size the whole image is sent, with its length", async () => {
  for (const sectorCount of [1, 2, 7, 513, 1025]) {
    const { content, image } = imageOf(sectorCount);
    const answer = await answerRange(get(), image);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("Content-Length")).toBe(String(content.length));
    expect(await answer.bytes()).toEqual(content);
    await image.device.close();
  }
});

test("any range, by seed, is answered with just those bytes", async () => {
  const { content, image } = imageOf(700);
  const prng = Prng.fromSeed("answers");
  for (let round = 0; round < 200; round++) {
    const first = prng.int(content.length);
    const last = prng.intBetween(first, content.length + 99);
    const answer = await answerRange(get({ Range: `bytes=${first}-${last}` }), image);
    const end = Math.min(last + 1, content.length);
    expect(answer.status).toBe(206);
    expect(answer.headers.get("Content-Length")).toBe(String(end - first));
    expect(parseContentRange(answer.headers.get("Content-Range"))).toEqual({
      range: { firstByte: first, lastByte: end - 1 },
      totalBytes: content.length,
    });
    expect(await answer.bytes()).toEqual(content.slice(first, end));
  }
  await image.device.close();
});

test("several ranges come in parts, which a reader of multipart/byteranges finds again", async () => {
  const { content, image } = imageOf(2000);
  const answer = await answerRange(get({ Range: "bytes=-5,10-19,600-600000" }), image);
  const [, boundary] = /boundary=(\S+)$/.exec(answer.headers.get("Content-Type")!)!;
  const bytes = await answer.bytes();
  expect(answer.headers.get("Content-Length")).toBe(String(bytes.length));
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const parts = text.split(new RegExp(`(?:^|\r\n)--${boundary}(?:--)?\r\n`)).slice(1, -1);
  expect(parts.length).toBe(3);
  for (const [index, [first, last]] of [[1023995, 1023999], [10, 19], [600, 600000]].entries()) {
    const [head, ...rest] = parts[index]!.split("\r\n\r\n");
    expect(head).toContain(`Content-Range: bytes ${first}-${last}/1024000`);
    const found = Uint8Array.from(rest.join("\r\n\r\n"), (letter) => letter.charCodeAt(0));
    expect(found).toEqual(content.slice(first, last! + 1));
  }
  await image.device.close();
});

test("HEAD reads nothing of the device", async () => {
  const { image } = imageOf(8);
  await image.device.close(); // It could not be read any more.
  const answer = await answerRange(new Request(URL, { method: "HEAD" }), image);
  expect([answer.status, answer.headers.get("Content-Length"), answer.body]).toEqual([
    200,
    "4096",
    null,
  ]);
});

test("a device that refuses is 503 where it may go better soon, 500 otherwise, and says why", async () => {
  const refusing = (code: ErrorCode) => {
    const readSync = () => {
      throw new BlockDeviceError(code, `it is ${code}`);
    };
    const device = checked({
      name: "refusing",
      sectorCount: 8,
      supports: { write: false, discard: false, discardZeroes: false, permanence: true },
      readSync,
      writeSync() {},
      flushSync() {},
      closeSync() {},
    });
    return answerRange(get(), { device, version: null });
  };
  for (const code of ["ENODEV", "ESHUTDOWN", "EAGAIN", "EBUSY"] as const) {
    const answer = await refusing(code);
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect(await answer.text()).toBe(`it is ${code}\n`);
  }
  for (const code of ["EIO", "EPERM"] as const) {
    const answer = await refusing(code);
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([500, null]);
    expect(answer.headers.get("Content-Range")).toBe(null);
  }
});

test("a no is text that nothing keeps", async () => {
  const answer = sayNo(404, "There is none.");
  expect([answer.status, await answer.text()]).toEqual([404, "There is none.\n"]);
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
});
