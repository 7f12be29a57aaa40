import { expect, test } from "vitest";
import { allowAdvice, EXPOSE_ADVICE } from "../../../../src/devices/http/cross_origin.ts";

const PAGE = "https://page.example/app/index.html";

test("a server on another origin is told what to allow: other host, scheme or port", () => {
  for (
    const url of [
      "https://images.example/disk.img",
      "http://page.example/disk.img",
      "https://page.example:8443/disk.img",
      "//images.example/disk.img",
    ]
  ) {
    const advice = allowAdvice(url, PAGE);
    expect(advice).toContain("Access-Control-Allow-Origin");
    expect(advice).toContain("Access-Control-Allow-Headers: If-Match");
    expect(advice).toContain("conditional: false");
  }
});

test("nothing is said where nothing has to be allowed", () => {
  for (const url of ["https://page.example/disk.img", "../disk.img", "/disk.img"]) {
    expect(allowAdvice(url, PAGE)).toBe("");
  }
  expect(allowAdvice("https://images.example/disk.img")).toBe(""); // There is no page here.
  expect(allowAdvice("https://", PAGE)).toBe("");
});

test("what must be exposed are the fields that are looked at and hidden by default", () => {
  expect(EXPOSE_ADVICE).toContain("Content-Range, ETag");
});
