import { expect, test } from "vitest";
import { Exchange } from "../../../../src/devices/http/exchange.ts";
import { StallWatch } from "../../../../src/devices/http/stall_watch.ts";
import { takeWhole } from "../../../../src/devices/http/whole_image.ts";
import { Prng } from "../../../../src/testing/prng.ts";
import { SimulatedClock } from "../../../http/simulated_clock.ts";

/** Takes a body that comes in pieces; `pulledBytes` is how much of it was asked for. */
async function take(body: Uint8Array, sizeBytes: number | null, bytesMax: number, piece = 1000) {
  let pulledBytes = 0;
  const stream = new ReadableStream({
    pull(controller) {
      const bytes = body.slice(pulledBytes, pulledBytes + piece);
      if (bytes.length === 0) return controller.close();
      pulledBytes += bytes.length;
      controller.enqueue(bytes);
    },
  }, { highWaterMark: 0 });
  const exchange = new Exchange({
    fetch: () => Promise.resolve(new Response(stream)),
    url: "",
    signal: new AbortController().signal,
    watch: new StallWatch(new SimulatedClock(true), Infinity),
    onBytes() {},
  });
  await exchange.send({});
  return { taken: await takeWhole(exchange, sizeBytes, bytesMax), pulledBytes };
}

const body = Prng.fromSeed("whole").bytes(300_000);

function verifyBytes(found: Uint8Array): void {
  const differsAt = body.findIndex((byte, index) => byte !== found[index]);
  expect([found.length, differsAt]).toEqual([body.length, -1]);
}

test("a body is taken whole, with or without its length, in pieces of any size", async () => {
  for (const piece of [999, 64 * 1024, 300_000]) {
    for (const sizeBytes of [null, body.length]) {
      const { taken } = await take(body, sizeBytes, 2 ** 20, piece);
      expect(taken.kind).toBe("done");
      if (taken.kind === "done") verifyBytes(taken.result);
    }
  }
});

test("a body of nothing is an image of nothing", async () => {
  const { taken } = await take(new Uint8Array(0), null, 0);
  expect(taken).toEqual({ kind: "done", result: new Uint8Array(0) });
});

test("the bound is a bound: one below, the bound itself, one past it", async () => {
  for (const sizeBytes of [null, body.length]) {
    for (const [more, kind] of [[1, "done"], [0, "done"], [-1, "refused"]] as const) {
      expect((await take(body, sizeBytes, body.length + more)).taken.kind).toBe(kind);
    }
  }
});

test("a length that is too large is refused before anything is read", async () => {
  const { taken, pulledBytes } = await take(body, 2 ** 40, 2 ** 20);
  expect(taken).toEqual({
    kind: "refused",
    code: "ENOMEM",
    why: "the server sends all of the image, 1 TiB; downloadBytesMax is 1 MiB",
  });
  expect(pulledBytes).toBe(0);
});

test("an endless body is read up to the bound and no further", async () => {
  const { taken, pulledBytes } = await take(body, null, 10_500);
  expect(taken).toMatchObject({ kind: "refused", code: "ENOMEM" });
  expect(pulledBytes).toBe(11_000);
});

test("a body that is shorter than announced is worth another try, a longer one is refused", async () => {
  expect((await take(body, body.length + 1, 2 ** 20)).taken)
    .toEqual({ kind: "again", why: "the body ended after 300000 of 300001 bytes" });
  const { taken, pulledBytes } = await take(body, 10_500, 2 ** 20);
  expect(taken).toMatchObject({ kind: "refused", code: "EIO" });
  expect(pulledBytes).toBe(11_000);
});
