import { describe, expect, test } from "vitest";
import {
  type AnswerHead,
  judgeOpening,
  judgeRange,
  withoutQuery,
} from "../../../../src/devices/http/answer.ts";
import { identityOf } from "../../../../src/devices/http/image_identity.ts";

const ASKED = { firstByte: 512, lastByte: 1023 };
const PINNED = identityOf(new Headers({ "ETag": '"a"' }), 4096);

function head(
  status: number,
  fields: Record<string, string> = {},
  more: Partial<AnswerHead> = {},
): AnswerHead {
  return {
    status,
    headers: new Headers(fields),
    type: "default",
    redirected: false,
    url: "",
    ...more,
  };
}

const part = (fields: Record<string, string>) =>
  head(206, { "ETag": '"a"', "Content-Range": "bytes 512-1023/4096", ...fields });

const bothWays = (answer: AnswerHead) => [
  judgeOpening(answer, ASKED),
  judgeRange(answer, ASKED, PINNED),
];

test("206 with the wanted range is a part, at the opening and later", () => {
  for (const verdict of bothWays(part({}))) {
    expect(verdict).toEqual({ kind: "part", byteCount: 512, totalBytes: 4096 });
  }
  for (const verdict of bothWays(part({ "Content-Length": "512" }))) {
    expect(verdict.kind).toBe("part");
  }
});

test("a range that ends behind the image is cut by its end, and not elsewhere", () => {
  const asked = { firstByte: 0, lastByte: 65535 };
  const told = (text: string) => judgeOpening(part({ "Content-Range": text }), asked);
  expect(told("bytes 0-4095/4096")).toMatchObject({ kind: "part", byteCount: 4096 });
  expect(told("bytes 0-4094/4096").kind).toBe("refused");
  expect(told("bytes 0-4096/4096").kind).toBe("refused");
  expect(told("bytes 0-65535/65536")).toMatchObject({ kind: "part", byteCount: 65536 });
});

describe("206 is refused with EIO", () => {
  const table: [string, Record<string, string>, string][] = [
    ["one byte later", { "Content-Range": "bytes 513-1024/4096" }, "the server sent"],
    ["one byte short", { "Content-Range": "bytes 512-1022/4096" }, "the server sent"],
    ["one byte more", { "Content-Range": "bytes 512-1024/4096" }, "the server sent"],
    ["of unknown size", { "Content-Range": "bytes 512-1023/*" }, "cannot use the Content-Range"],
    ["of no range", { "Content-Range": "bytes */4096" }, "cannot use the Content-Range"],
    ["in nonsense", { "Content-Range": "some" }, "cannot use the Content-Range"],
    ["encoded", { "Content-Encoding": "gzip" }, "Content-Encoding: gzip"],
    ["with one byte more announced", { "Content-Length": "513" }, "announced 513 bytes"],
    ["with one byte less announced", { "Content-Length": "511" }, "announced 511 bytes"],
    ["with nonsense announced", { "Content-Length": "-1" }, "announced -1 bytes"],
  ];
  for (const [what, fields, why] of table) {
    test(what, () => {
      for (const verdict of bothWays(part(fields))) {
        expect(verdict).toMatchObject({ kind: "refused", code: "EIO" });
        expect((verdict as { why: string }).why).toContain(why);
      }
    });
  }

  test("without a Content-Range, and says what a server on another origin must expose", () => {
    for (const verdict of bothWays(head(206, { "ETag": '"a"' }))) {
      expect(verdict).toMatchObject({ kind: "refused", code: "EIO" });
      expect((verdict as { why: string }).why)
        .toContain("Access-Control-Expose-Headers: Content-Range, ETag");
    }
  });
});

describe("another image", () => {
  const table: [string, AnswerHead][] = [
    ["412", head(412)],
    ["another ETag", part({ "ETag": '"b"' })],
    ["another size", part({ "Content-Range": "bytes 512-1023/4097" })],
    [
      "another size, of which there is no such range",
      head(416, { "Content-Range": "bytes */512" }),
    ],
    ["200 with another ETag, which is how If-Range fails", head(200, { "ETag": '"b"' })],
  ];
  for (const [what, answer] of table) {
    test(`is told by ${what}`, () => {
      expect(judgeRange(answer, ASKED, PINNED).kind).toBe("changed");
    });
  }

  test("is not told by an answer that hides its ETag: that one is refused", () => {
    const answer = head(206, { "Content-Range": "bytes 512-1023/4096" });
    expect(judgeRange(answer, ASKED, PINNED)).toMatchObject({
      kind: "refused",
      why: 'nothing tells that it is the same image: its ETag was "a" and is gone',
    });
  });

  test("is not told by what came encoded: its size is another thing's", () => {
    const answer = part({ "Content-Encoding": "gzip", "Content-Range": "bytes 512-1023/900" });
    expect(judgeRange(answer, ASKED, PINNED).kind).toBe("refused");
  });
});

test("200 is the whole image at the opening, and worth another try later", () => {
  const opening = (fields: Record<string, string>) => judgeOpening(head(200, fields), ASKED);
  expect(opening({ "Content-Length": "4096" })).toEqual({ kind: "whole", sizeBytes: 4096 });
  expect(opening({})).toEqual({ kind: "whole", sizeBytes: null });
  expect(opening({ "Content-Length": "99", "Content-Encoding": "br" }))
    .toEqual({ kind: "whole", sizeBytes: null });
  expect(judgeRange(head(200, { "ETag": '"a"' }), ASKED, PINNED).kind).toBe("again");
});

test("an empty image is told by 416 with a size of 0, or by 200 with nothing", () => {
  expect(judgeOpening(head(416, { "Content-Range": "bytes */0" }), ASKED).kind).toBe("empty");
  expect(judgeOpening(head(200, { "Content-Length": "0" }), ASKED).kind).toBe("empty");
  expect(judgeOpening(head(416, { "Content-Range": "bytes */1" }), ASKED).kind).toBe("refused");
  expect(judgeOpening(head(416), ASKED).kind).toBe("refused");
});

describe("an answer without bytes", () => {
  const table: [number, string][] = [
    [204, "EIO"],
    [301, "EIO"],
    [304, "EIO"],
    [400, "EIO"],
    [401, "EPERM"],
    [403, "EPERM"],
    [404, "ENOENT"],
    [407, "EPERM"],
    [408, "again"],
    [410, "ENOENT"],
    [416, "EIO"],
    [418, "EIO"],
    [425, "again"],
    [429, "again"],
    [451, "EPERM"],
    [500, "again"],
    [501, "EIO"],
    [502, "again"],
    [503, "again"],
    [504, "again"],
    [505, "EIO"],
    [599, "again"],
  ];
  for (const [status, outcome] of table) {
    test(`${status} is ${outcome}`, () => {
      for (const verdict of bothWays(head(status))) {
        const isAgain = outcome === "again";
        const want = isAgain ? { kind: "again" } : { kind: "refused", code: outcome };
        expect(verdict).toMatchObject(want);
        expect((verdict as { why: string }).why).toContain(`${status}`);
      }
    });
  }

  test("412 is no change at the opening: there was nothing before", () => {
    expect(judgeOpening(head(412), ASKED)).toMatchObject({ kind: "refused", code: "EIO" });
  });

  test("that asks to stay away says for how long", () => {
    const verdict = judgeOpening(head(503, { "Retry-After": "7" }), ASKED);
    expect(verdict).toMatchObject({ kind: "again", retryAfterMs: 7000 });
  });

  test("that redirects says where to, but for the secret part", () => {
    const seen = judgeOpening(head(302, { "Location": "https://cdn/disk.img?key=secret" }), ASKED);
    expect((seen as { why: string }).why)
      .toBe("the server answered 302 to https://cdn/disk.img; want the image");
    const hidden = judgeOpening(head(0, {}, { type: "opaqueredirect" }), ASKED);
    expect((hidden as { why: string }).why)
      .toBe("the server answered with a redirect; want the image");
  });

  test("that came after a redirect says so", () => {
    const url = "https://login/page?next=secret";
    const verdict = judgeOpening(head(403, {}, { redirected: true, url }), ASKED);
    expect((verdict as { why: string }).why).toContain("(after a redirect to https://login/page)");
  });

  test("that is opaque says what it needs", () => {
    const verdict = judgeOpening(head(0, {}, { type: "opaque" }), ASKED);
    expect((verdict as { why: string }).why).toContain("CORS");
  });
});

test("a URL is shown without name, password, query and fragment", () => {
  expect(withoutQuery("https://me:pass@host:8080/a/b.img?key=secret#part"))
    .toBe("https://host:8080/a/b.img");
  expect(withoutQuery("images/disk.img?v=1\n2")).toBe("images/disk.img");
  expect(withoutQuery("https://host/a@b/disk.img")).toBe("https://host/a@b/disk.img");
});
