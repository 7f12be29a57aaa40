import { describe, expect, test } from "vitest";
import {
  decideAnswer,
  etagOf,
  type ImageAnswer,
  isVersion,
} from "../../../../src/emulator/range/image_answer.ts";

const ETAG = '"v1.1000"';

function ask(fields: Record<string, string>, method = "GET", etag: string | null = ETAG) {
  return decideAnswer({ method, headers: new Headers(fields) }, { sizeBytes: 1000, etag }, "B");
}

const statusOf = ({ status }: ImageAnswer) => status;

describe("the conditions, in their order:", () => {
  const range = { Range: "bytes=0-9" };
  const cases: [string, Record<string, string>, number][] = [
    ["none", {}, 200],
    ["Range", range, 206],
    ["Range that cannot be", { Range: "bytes=1000-" }, 416],
    ["If-Match, it is", { "If-Match": ETAG }, 200],
    ["If-Match, anything", { "If-Match": "*" }, 200],
    ["If-Match, one of several", { "If-Match": `"v0.1000", ${ETAG}` }, 200],
    ["If-Match, another", { "If-Match": '"v2.1000"' }, 412],
    ["If-Match, weak", { "If-Match": `W/${ETAG}` }, 412],
    ["If-Match, nonsense", { "If-Match": "v1.1000" }, 412],
    ["If-Match fails before If-None-Match", { "If-Match": '"x"', "If-None-Match": "*" }, 412],
    ["If-Match fails before Range", { "If-Match": '"x"', Range: "bytes=1000-" }, 412],
    ["If-None-Match, it is", { "If-None-Match": ETAG }, 304],
    ["If-None-Match, weak is enough", { "If-None-Match": `"a", W/${ETAG}` }, 304],
    ["If-None-Match, anything", { "If-None-Match": "*" }, 304],
    ["If-None-Match, another", { "If-None-Match": '"v2.1000"' }, 200],
    ["If-None-Match before Range", { ...range, "If-None-Match": ETAG }, 304],
    ["If-Range, it is", { ...range, "If-Range": ETAG }, 206],
    ["If-Range, another", { ...range, "If-Range": '"v2.1000"' }, 200],
    ["If-Range, weak", { ...range, "If-Range": `W/${ETAG}` }, 200],
    ["If-Range, a date", { ...range, "If-Range": "Wed, 21 Oct 2015 07:28:00 GMT" }, 200],
    ["If-Range fails before 416", { Range: "bytes=1000-", "If-Range": '"x"' }, 200],
    ["If-Range alone", { "If-Range": '"x"' }, 200],
    ["dates", { ...range, "If-Unmodified-Since": "Wed, 21 Oct 2015 07:28:00 GMT" }, 206],
  ];
  test.each(cases)("%s", (_, fields, status) => expect(statusOf(ask(fields))).toBe(status));

  test.each(cases)("HEAD, %s: as GET, but that Range is not minded", (_, fields, status) => {
    const answer = ask(fields, "HEAD");
    expect(answer.body).toBe(null);
    expect(answer.status).toBe(status === 206 || status === 416 ? 200 : status);
    if (answer.status === 200) expect(answer.headers["Content-Length"]).toBe("1000");
  });
});

test("without a version no condition is ever met by this image, and nothing keeps it", () => {
  expect(statusOf(ask({ "If-Match": ETAG }, "GET", null))).toBe(412);
  expect(statusOf(ask({ "If-None-Match": ETAG }, "GET", null))).toBe(200);
  expect(statusOf(ask({ Range: "bytes=0-1", "If-Range": ETAG }, "GET", null))).toBe(200);
  const { headers } = ask({}, "GET", null);
  expect(headers).not.toHaveProperty("ETag");
  expect(headers["Cache-Control"]).toBe("no-store");
});

test("one range is told by Content-Range, several by their parts", () => {
  const one = ask({ Range: "bytes=990-2000" });
  expect(one.headers).toMatchObject({
    "Accept-Ranges": "bytes",
    "Content-Length": "10",
    "Content-Range": "bytes 990-999/1000",
    "Content-Type": "application/octet-stream",
    ETag: ETAG,
  });
  expect(one.body).toEqual([{ firstByte: 990, lastByte: 999 }]);

  const two = ask({ Range: "bytes=0-1,5-6" });
  expect(two.headers).not.toHaveProperty("Content-Range");
  expect(two.headers["Content-Type"]).toBe("multipart/byteranges; boundary=B");
  const part = (range: string) =>
    `--B\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ${range}/1000\r\n\r\n`;
  expect(two.body).toEqual([
    part("0-1"),
    { firstByte: 0, lastByte: 1 },
    `\r\n${part("5-6")}`,
    { firstByte: 5, lastByte: 6 },
    "\r\n--B--\r\n",
  ]);
  const textBytes = two.body!.join("").replaceAll("[object Object]", "").length;
  expect(two.headers["Content-Length"]).toBe(String(textBytes + 4));
});

test("a range that cannot be is told the size, and a method that is none here what there is", () => {
  expect(ask({ Range: "bytes=1000-1001" }).headers["Content-Range"]).toBe("bytes */1000");
  for (const method of ["PUT", "POST", "DELETE", "PATCH", "OPTIONS"]) {
    const answer = ask({ "If-Match": '"x"' }, method);
    expect(answer.status, method).toBe(405);
    expect(answer.headers.Allow, method).toBe("GET, HEAD");
  }
});

test("an answer 304 has the fields that tell of the image, and nothing of a body", () => {
  const { headers, body } = ask({ "If-None-Match": ETAG });
  expect(headers).toMatchObject({ ETag: ETAG, "Cache-Control": "no-cache" });
  expect(headers).not.toHaveProperty("Content-Length");
  expect(body).toBe(null);
});

test("a list of ETags that is too long matches nothing", () => {
  const long = `${'"x", '.repeat(1000)}${ETAG}`;
  expect(statusOf(ask({ "If-None-Match": long }))).toBe(200);
  expect(statusOf(ask({ "If-Match": long }))).toBe(412);
});

test("a version is what an ETag can hold, and a disk that grows is another image", () => {
  expect(["a", "!#~", "x".repeat(200)].map(isVersion)).toEqual([true, true, true]);
  expect(["", 'a"', "a b", "é", "a\n", "x".repeat(201)].map(isVersion)).not.toContain(true);
  expect(etagOf("v1", 1000)).toBe(ETAG);
  expect(etagOf("v1", 1512)).not.toBe(ETAG);
  expect(etagOf(null, 1000)).toBe(null);
});
