import { describe, expect, test } from "vitest";
import {
  conditionsOf,
  findDifference,
  identityOf,
} from "../../../../src/devices/http/image_identity.ts";

const DATE = "Mon, 02 Nov 2026 10:00:00 GMT";
const LATER = "Mon, 02 Nov 2026 10:00:01 GMT";

const identify = (fields: Record<string, string>) => identityOf(new Headers(fields), 1024);
const differ = (pinned: Record<string, string>, found: Record<string, string>) =>
  findDifference(identify(pinned), new Headers(found));

describe("what pins an image", () => {
  const table: [Record<string, string>, string][] = [
    [{ "ETag": '"a"' }, "strong ETag"],
    [{ "ETag": '""', "Last-Modified": DATE }, "strong ETag"],
    [{ "ETag": 'W/"a"', "Last-Modified": DATE }, "weak ETag"],
    [{ "ETag": "misspelt" }, "weak ETag"],
    [{ "ETag": '"a", "b"' }, "weak ETag"],
    [{ "Last-Modified": DATE }, "Last-Modified"],
    [{}, "size alone"],
  ];
  for (const [fields, kind] of table) {
    test(`${JSON.stringify(fields)} is a ${kind}`, () => expect(identify(fields).kind).toBe(kind));
  }
});

describe("conditions", () => {
  test("of a strong ETag are If-Match and If-Range, and no date", () => {
    const identity = identify({ "ETag": '"a"', "Last-Modified": DATE });
    expect(conditionsOf(identity)).toEqual({ "If-Match": '"a"', "If-Range": '"a"' });
  });

  test("never have a weak ETag in them, but the date beside it", () => {
    expect(conditionsOf(identify({ "ETag": 'W/"a"' }))).toEqual({});
    expect(conditionsOf(identify({ "ETag": 'W/"a"', "Last-Modified": DATE })))
      .toEqual({ "If-Unmodified-Since": DATE });
  });

  test("of nothing are none", () => expect(conditionsOf(identify({}))).toEqual({}));
});

describe("an answer", () => {
  test("with the same fields is the same image", () => {
    for (const fields of [{ "ETag": '"a"' }, { "ETag": 'W/"a"', "Last-Modified": DATE }, {}]) {
      expect(differ(fields, fields)).toBe(null);
    }
  });

  test("with another ETag is another image, weak or strong", () => {
    expect(differ({ "ETag": '"a"' }, { "ETag": '"b"' }))
      .toEqual({ isChange: true, why: 'its ETag was "a" and is "b"' });
    expect(differ({ "ETag": 'W/"a"' }, { "ETag": 'W/"b"' })?.isChange).toBe(true);
    expect(differ({ "ETag": '"a"' }, { "ETag": 'W/"a"' })?.isChange).toBe(true);
  });

  test("with another date is another image, unless a strong ETag says that it is the same", () => {
    const found = { "Last-Modified": LATER };
    expect(differ({ "Last-Modified": DATE }, found)?.isChange).toBe(true);
    const weak = { "ETag": 'W/"a"' };
    expect(differ({ ...weak, "Last-Modified": DATE }, { ...weak, ...found })?.isChange).toBe(true);
    const strong = { "ETag": '"a"' };
    expect(differ({ ...strong, "Last-Modified": DATE }, { ...strong, ...found })).toBe(null);
  });

  test("that hides what was pinned is not known to be anything", () => {
    expect(differ({ "ETag": '"a"' }, {}))
      .toEqual({ isChange: false, why: 'its ETag was "a" and is gone' });
    expect(differ({ "Last-Modified": DATE }, { "ETag": '"new"' })?.isChange).toBe(false);
  });
});
