import { describe, expect, test } from "vitest";
import { Backoff } from "../../../../src/devices/http/backoff.ts";
import {
  type ImageOptions,
  openImage,
  RemoteImage,
} from "../../../../src/devices/http/remote_image.ts";
import { Session } from "../../../../src/devices/http/session.ts";
import { patternOf } from "../../../../src/testing/pattern.ts";
import { verifySectors } from "../../../../src/testing/verify.ts";
import { HostFetch } from "../../../http/host_fetch.ts";
import { type HostOptions, ImageHost } from "../../../http/image_host.ts";
import { SimulatedClock } from "../../../http/simulated_clock.ts";

const OPTIONS: ImageOptions = {
  name: "disk",
  roundDown: false,
  allowUnpinned: false,
  conditional: true,
  downloadBytesMax: null,
};

function rig(image: Uint8Array<ArrayBuffer>, options: HostOptions = {}) {
  const host = new ImageHost(image, options);
  const { fetch } = new HostFetch(host);
  const session = new Session({
    name: "disk",
    url: "http://host/disk.img",
    fetch,
    headers: {},
    redirect: "follow",
    clock: new SimulatedClock(),
    backoff: new Backoff({ attemptsMax: 4 }),
    stallTimeoutMs: Infinity,
    onProgress() {},
  });
  const open = (more: Partial<ImageOptions> = {}) => openImage(session, { ...OPTIONS, ...more });
  return { host, session, open };
}

const bytesOf = (byteCount: number) =>
  patternOf(1, 0, Math.ceil(byteCount / 512)).slice(0, byteCount);

/** An answer from a server with sizes that no test could hold. */
function openHuge(totalBytes: string) {
  const session = new Session({
    name: "disk",
    url: "",
    fetch: () =>
      Promise.resolve(
        new Response(new Uint8Array(65536), {
          status: 206,
          headers: { "Content-Range": `bytes 0-65535/${totalBytes}`, "ETag": '"a"' },
        }),
      ),
    headers: {},
    redirect: "follow",
    clock: new SimulatedClock(),
    backoff: new Backoff(),
    stallTimeoutMs: Infinity,
    onProgress() {},
  });
  return openImage(session, { ...OPTIONS, roundDown: true });
}

describe("opening", () => {
  test("makes one request, without conditions, and learns size, identity and first bytes", async () => {
    const { host, open } = rig(bytesOf(100_352));
    const opened = await open();
    expect(host.ranges).toEqual(["0-65535"]);
    expect(host.visits[0]!.headers.has("If-Match")).toBe(false);
    expect(opened.identity).toEqual({
      kind: "strong ETag",
      etag: '"v1"',
      lastModified: null,
      sizeBytes: 100_352,
    });
    expect(opened.sectorCount).toBe(196);
    expect(opened.isWhole).toBe(false);
    verifySectors(opened.firstBytes, bytesOf(65536), 0, "the first bytes");
  });

  test("takes images of every size around that of its range", async () => {
    for (const sectorCount of [1, 127, 128, 129]) {
      const opened = await rig(patternOf(1, 0, sectorCount)).open();
      expect(opened.sectorCount).toBe(sectorCount);
      expect(opened.firstBytes.length).toBe(Math.min(sectorCount, 128) * 512);
    }
  });

  test("takes an image of nothing, with ranges or without", async () => {
    for (const ranges of [true, false]) {
      const opened = await rig(new Uint8Array(0), { ranges, etag: null }).open();
      expect(opened).toMatchObject({ sectorCount: 0, isWhole: true });
    }
  });

  test("refuses a size that is no whole number of sectors, or leaves its end alone on demand", async () => {
    for (const sizeBytes of [511, 513, 70_000]) {
      await expect(rig(bytesOf(sizeBytes)).open()).rejects.toMatchObject({
        code: "EINVAL",
        message: `Cannot open "disk": its ${sizeBytes} bytes are no whole number of sectors, ` +
          `${sizeBytes % 512} are left over; want a multiple of 512, or the option roundDown`,
      });
      const opened = await rig(bytesOf(sizeBytes)).open({ roundDown: true });
      expect(opened.sectorCount).toBe(Math.floor(sizeBytes / 512));
      expect(opened.firstBytes.length % 512).toBe(0);
    }
  });

  test("refuses sizes that a device cannot have: one below, the limit, one past it", async () => {
    const limitBytes = Math.floor(Number.MAX_SAFE_INTEGER / 512) * 512;
    expect((await openHuge(`${limitBytes - 512}`)).sectorCount).toBe(limitBytes / 512 - 1);
    expect((await openHuge(`${limitBytes}`)).sectorCount).toBe(limitBytes / 512);
    await expect(openHuge(`${limitBytes + 1}`)).rejects.toMatchObject({ code: "EINVAL" });
    await expect(openHuge(`${2n ** 64n}`)).rejects.toMatchObject({ code: "EIO" });
  });

  test("refuses an image that nothing tells from another, or takes it on demand", async () => {
    const refusal = await rig(bytesOf(512), { etag: null }).open().catch((error) => error);
    expect(refusal.code).toBe("ENOTSUP");
    expect(refusal.message).toContain("Access-Control-Expose-Headers: Content-Range, ETag");
    const opened = await rig(bytesOf(512), { etag: null }).open({ allowUnpinned: true });
    expect(opened.identity.kind).toBe("size alone");
  });

  test("begins anew when the body ends early", async () => {
    const { host, open } = rig(bytesOf(1024));
    const faults = ["short", "drop", null] as const;
    host.nextFault = () => faults[host.visits.length] ?? null;
    expect((await open()).sectorCount).toBe(2);
    expect(host.ranges).toEqual(["0-65535", "0-65535", "0-65535"]);
  });
});

describe("without Range support", () => {
  test("the whole image is taken, and has to be pinned by nothing", async () => {
    const { host, open } = rig(bytesOf(100_352), { ranges: false, etag: null });
    const opened = await open({ downloadBytesMax: 200_000 });
    expect(opened).toMatchObject({ sectorCount: 196, isWhole: true });
    verifySectors(opened.firstBytes, bytesOf(100_352), 0, "the image");
    expect(host.visits.length).toBe(1);
  });

  test("its size must be one too", async () => {
    const { open } = rig(bytesOf(1000), { ranges: false });
    await expect(open({ downloadBytesMax: 2000 })).rejects.toMatchObject({ code: "EINVAL" });
    const opened = await open({ downloadBytesMax: 2000, roundDown: true });
    expect(opened.sectorCount).toBe(1);
    expect(opened.firstBytes.length).toBe(512);
  });

  test("it is refused without the option, and past its bound", async () => {
    const { open } = rig(bytesOf(1024), { ranges: false });
    await expect(open()).rejects.toMatchObject({ code: "ENOTSUP" });
    await expect(open({ downloadBytesMax: 1023 })).rejects.toMatchObject({ code: "ENOMEM" });
  });
});

describe("a range", () => {
  async function openRig(options: HostOptions = {}, more: Partial<ImageOptions> = {}) {
    const { host, session, open } = rig(bytesOf(102_400), options);
    const { identity } = await open();
    return { host, image: new RemoteImage(session, { ...OPTIONS, ...more }, identity) };
  }

  test("is asked for with the conditions that follow from the identity", async () => {
    const lastModified = "Mon, 02 Nov 2026 10:00:00 GMT";
    const names = ["If-Match", "If-Range", "If-Unmodified-Since"];
    const sent = async (options: HostOptions, more: Partial<ImageOptions> = {}) => {
      const { host, image } = await openRig(options, more);
      await image.fetchSectors(7, 1);
      return names.map((name) => host.visits[1]!.headers.get(name));
    };
    expect(await sent({ etag: '"a"', lastModified })).toEqual(['"a"', '"a"', null]);
    expect(await sent({ etag: 'W/"a"', lastModified })).toEqual([null, null, lastModified]);
    expect(await sent({ etag: null, lastModified })).toEqual([null, null, lastModified]);
    expect(await sent({ etag: '"a"' }, { conditional: false })).toEqual([null, null, null]);
  });

  test("has its bytes, and those that came are not asked for again", async () => {
    const { host, image } = await openRig();
    const faults = [null, "short", "short", "503 soon"] as const;
    host.nextFault = () => faults[host.visits.length] ?? null;
    const bytes = await image.fetchSectors(100, 16);
    verifySectors(bytes, patternOf(1, 100, 16), 100, "a range");
    expect(host.ranges.slice(1)).toEqual([
      "51200-59391",
      "55296-59391",
      "57344-59391",
      "57344-59391",
    ]);
  });

  test("whose two halves are of two images is none", async () => {
    const { host, image } = await openRig();
    host.nextFault = () => {
      if (host.visits.length === 1) return "short";
      host.replace(patternOf(2, 0, 200), { etag: '"v2"' });
      return null;
    };
    await expect(image.fetchSectors(100, 16)).rejects.toThrow("has changed");
  });

  test("may end anywhere in a sector and go on there", async () => {
    const { host, image } = await openRig();
    host.nextFault = () => host.visits.length < 4 ? "short" : null;
    verifySectors(await image.fetchSectors(199, 1), patternOf(1, 199, 1), 199, "a sector");
    expect(host.ranges.at(-1)).toBe("102336-102399");
  });
});
