import { expect, test } from "vitest";
import { readToPage, readToWorker } from "../../../../src/emulator/range/offer_protocol.ts";

const OFFER = { cowdisk: "offer", id: "1", path: "/vdisk/one", version: "v1" };

test("what has one of our forms is read as it stands", () => {
  const toWorker = [
    OFFER,
    { ...OFFER, version: null },
    { cowdisk: "withdraw", id: "1", path: "/vdisk/one" },
    { cowdisk: "claim" },
  ];
  for (const message of toWorker) expect(readToWorker(message)).toBe(message);
  const toPage = [
    { cowdisk: "accepted", id: "1" },
    { cowdisk: "withdrawn", id: "1" },
    { cowdisk: "refused", id: "1", error: { code: "EBUSY", message: "another is there" } },
    { cowdisk: "who offers", path: "/vdisk/one" },
  ];
  for (const message of toPage) expect(readToPage(message)).toBe(message);
});

test("whatever else is said is not meant for us", () => {
  const strange = [undefined, null, 1, "offer", [], {}, { cowdisk: "toString" }, { cowdisk: 1 }];
  const broken = [
    { ...OFFER, id: 1 },
    { ...OFFER, path: "vdisk/one" },
    { ...OFFER, path: `/${"x".repeat(3000)}` },
    { ...OFFER, path: undefined },
    { ...OFFER, version: 'with "quotes"' },
    { ...OFFER, version: undefined },
    { cowdisk: "withdraw", path: "/vdisk/one" },
    { cowdisk: "refused", id: "1" },
    { cowdisk: "refused", id: "1", error: { code: "EBUSY" } },
    { cowdisk: "accepted" },
    { cowdisk: "who offers" },
  ];
  for (const message of [...strange, ...broken]) {
    expect(readToWorker(message), JSON.stringify(message)).toBe(null);
    expect(readToPage(message), JSON.stringify(message)).toBe(null);
  }
});

test("neither side takes the other's words for its own", () => {
  expect(readToPage(OFFER)).toBe(null);
  expect(readToWorker({ cowdisk: "who offers", path: "/vdisk/one" })).toBe(null);
});
