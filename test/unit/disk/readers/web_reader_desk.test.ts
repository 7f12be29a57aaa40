/// <reference lib="dom" />
import { expect, test } from "vitest";
import { Gate } from "../../../../src/block/gate.ts";
import type { ReaderHost } from "../../../../src/disk/readers/reader_desk.ts";
import { createWebReaderDesk } from "../../../../src/disk/readers/web_reader_desk.ts";
import { SharedPlace } from "./shared_place.ts";

/** A host that answers with a word, and tells when it is free. */
function hostWith(manifest: string) {
  const freed = new Gate();
  let freeCount = 0;
  const host: ReaderHost = {
    freeze: () => Promise.resolve(manifest),
    free: () => {
      freeCount++;
      freed.open();
    },
  };
  return { host, freed, freeCount: () => freeCount };
}

const deskOf = (place: SharedPlace) => place.newTab().storage.readers!;

test("who reads when nobody writes keeps writers out until the manifest is read", async () => {
  const place = new SharedPlace();
  const reader = await deskOf(place).beginReading();
  const other = await deskOf(place).beginReading();
  expect([reader.manifest, other.manifest]).toEqual([null, null]);
  const order: string[] = [];
  const writing = deskOf(place).beginWriting("disk").then((seat) => {
    order.push("writes");
    return seat;
  });
  await other.letWrite();
  order.push("one has read");
  await navigator.locks.query();
  order.push("so has the other");
  await reader.letWrite();
  const writer = await writing;
  expect(order).toEqual(["one has read", "so has the other", "writes"]);
  expect(writer.hasReaders).toBe(true);
  const { host, freed, freeCount } = hostWith("");
  writer.serve(host);
  await reader.leave();
  await navigator.locks.query();
  expect(freeCount()).toBe(0);
  await other.leave();
  await freed.wait();
  expect(writer.hasReaders).toBe(false);
  await writer.leave();
});

test("who asks before the writer serves is answered when it does", async () => {
  const place = new SharedPlace();
  const writer = await deskOf(place).beginWriting("disk");
  const reading = deskOf(place).beginReading();
  await navigator.locks.query();
  const { host, freeCount } = hostWith("the manifest");
  writer.serve(host);
  const reader = await reading;
  expect(reader.manifest).toBe("the manifest");
  expect(writer.hasReaders).toBe(true);
  expect(freeCount()).toBe(1);
  await reader.letWrite();
  await reader.leave();
  await writer.leave();
});

test("who waits for a busy writer gives up with the signal's reason, and holds nothing then", async () => {
  const place = new SharedPlace();
  const writer = await deskOf(place).beginWriting("disk");
  const enough = new AbortController();
  const reading = place.newTab({ signal: enough.signal }).storage.readers!.beginReading();
  const given = expect(reading).rejects.toThrow("enough");
  enough.abort(new Error("enough"));
  await given;
  await writer.leave();
  const next = await deskOf(place).beginWriting("disk");
  expect(next.hasReaders).toBe(false);
  await next.leave();
});

test("a reader of one place is none of another, whatever the places are called", async () => {
  const options = { openChannel: () => new SharedPlace().openChannel() };
  const base = crypto.randomUUID();
  const reader = await createWebReaderDesk(`${base}/a/b`, options)!.beginReading();
  await reader.letWrite();
  for (const [place, hasReaders] of [[`${base}/a`, false], [`${base}/a/b`, true]] as const) {
    const writer = await createWebReaderDesk(place, options)!.beginWriting("disk");
    expect(writer.hasReaders).toBe(hasReaders);
    await writer.leave();
  }
  await reader.leave();
});

test("a writer that ends while it answers says nothing, and the reader finds nobody writing", async () => {
  const place = new SharedPlace();
  const writer = await deskOf(place).beginWriting("disk");
  const asked = new Gate();
  writer.serve({
    freeze: async () => {
      asked.open();
      await writer.leave();
      return "too late";
    },
    free: () => {},
  });
  const reader = await deskOf(place).beginReading();
  expect(asked.isOpen).toBe(true);
  expect(reader.manifest).toBe(null);
  await reader.leave();
});

test("where there are no locks there is no desk", () => {
  const { locks } = navigator;
  Object.defineProperty(navigator, "locks", { value: undefined, configurable: true });
  try {
    expect(createWebReaderDesk("place")).toBe(undefined);
  } finally {
    Object.defineProperty(navigator, "locks", { value: locks, configurable: true });
  }
});
