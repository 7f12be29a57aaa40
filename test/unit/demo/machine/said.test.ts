/** What a guest says, without what is said to programs. */
import { expect, test } from "vitest";
import { readable } from "../../../../demo/machine/said.ts";

test("a command that went well leaves its output alone", () => {
  expect(readable("hello\r\n\n@@0\n")).toBe("hello\n");
});

test("a command that failed says its status", () => {
  expect(readable("no such file\n\n@@127\nnext")).toBe("no such file\n\n[status 127]\nnext");
});

test("a mark in the middle of a line is the guest's own", () => {
  expect(readable("mail me @@0 there")).toBe("mail me @@0 there");
});
