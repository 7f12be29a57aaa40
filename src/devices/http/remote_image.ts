/**
 * The image at the URL: how it is opened, and how a range of it is got.
 *
 * One request opens it: a range from the start, whose answer tells the size, whether the server can
 * send ranges, and which image it is. Every later answer is compared with that. A range whose body
 * breaks off is asked for from there on, so that what has come is not fetched twice; since both parts
 * are of the pinned image they belong together.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { bytesToSectors, SECTOR_BYTES, SECTORS_MAX, sectorsToBytes } from "../../block/units.ts";
import { judgeOpening, judgeRange, placeOf, type Refused } from "./answer.ts";
import { EXPOSE_ADVICE } from "./cross_origin.ts";
import type { Exchange } from "./exchange.ts";
import type { ByteRange } from "./header_fields.ts";
import { conditionsOf, identityOf, type ImageIdentity } from "./image_identity.ts";
import type { Outcome, Session } from "./session.ts";
import { takeWhole } from "./whole_image.ts";

/** The opening asks for this much: partition tables and superblocks lie there. */
const FIRST_BYTES = 64 * 1024;

/** What an image must be like to be opened. */
export interface ImageOptions {
  /** The device's name, for messages. */
  readonly name: string;
  /** Whether bytes behind the last whole sector are left alone. */
  readonly roundDown: boolean;
  /** Whether an image is taken that nothing but its size tells from another. */
  readonly allowUnpinned: boolean;
  /** Whether later requests carry the conditions that follow from the identity. */
  readonly conditional: boolean;
  /** The most bytes of an image that is fetched whole; `null`: it is not done. */
  readonly downloadBytesMax: number | null;
}

/** What the opening has learnt. */
export interface OpenedImage {
  /** Which image it is. */
  readonly identity: ImageIdentity;
  /** Its whole sectors. */
  readonly sectorCount: number;
  /** Its first bytes; all of them if `isWhole`. */
  readonly firstBytes: Uint8Array;
  /** Whether it was fetched whole, so that there is nothing left to ask for. */
  readonly isWhole: boolean;
}

/**
 * Opens an image.
 *
 * @param session Performs the request.
 * @param options What the image must be like.
 * @returns What was learnt.
 * @throws {BlockDeviceError} When it cannot be opened.
 */
export function openImage(session: Session, options: ImageOptions): Promise<OpenedImage> {
  const { name } = options;
  const range = { firstByte: 0, lastByte: FIRST_BYTES - 1 };
  return session.perform({
    what: `Cannot open "${name}"`,
    place: { device: name },
    async attempt(exchange) {
      const response = await exchange.send(session.request(rangeField(range)));
      const verdict = judgeOpening(response, range);
      switch (verdict.kind) {
        case "part": {
          const identity = identityOf(response.headers, verdict.totalBytes);
          const objection = findObjection(identity, options);
          if (objection !== null) return objection;
          return await takeFirst(exchange, identity, verdict.byteCount);
        }
        case "whole":
          return await openWhole(exchange, response, verdict.sizeBytes, options);
        case "empty":
          return opened(identityOf(response.headers, 0), new Uint8Array(0), true);
        default:
          return verdict;
      }
    },
  });
}

async function takeFirst(
  exchange: Exchange,
  identity: ImageIdentity,
  byteCount: number,
): Promise<Outcome<OpenedImage>> {
  const bytes = new Uint8Array(byteCount);
  let done = 0;
  const ending = await exchange.fill(bytes, (filled) => void (done = filled));
  if (ending === "whole") return opened(identity, bytes, false);
  return ending === "short" ? endedShort(done, byteCount) : endedLong(byteCount);
}

async function openWhole(
  exchange: Exchange,
  response: Response,
  sizeBytes: number | null,
  options: ImageOptions,
): Promise<Outcome<OpenedImage>> {
  if (options.downloadBytesMax === null) {
    const why = "the server answered 200 to a request for a range: it has no Range support" +
      `${placeOf(response)}; want 206, or the option download: "once"`;
    return { kind: "refused", code: "ENOTSUP", why };
  }
  const taken = await takeWhole(exchange, sizeBytes, options.downloadBytesMax);
  if (taken.kind !== "done") return taken;
  const identity = identityOf(response.headers, taken.result.length);
  // One body is one image: nothing has to be told from another.
  const objection = findObjection(identity, { ...options, allowUnpinned: true });
  return objection ?? opened(identity, taken.result, true);
}

function opened(
  identity: ImageIdentity,
  bytes: Uint8Array,
  isWhole: boolean,
): Outcome<OpenedImage> {
  const sectorCount = bytesToSectors(identity.sizeBytes);
  const firstBytes = bytes.subarray(0, sectorsToBytes(bytesToSectors(bytes.length)));
  return { kind: "done", result: { identity, sectorCount, firstBytes, isWhole } };
}

function findObjection(
  { sizeBytes, kind }: ImageIdentity,
  { roundDown, allowUnpinned }: ImageOptions,
): Refused | null {
  if (sizeBytes > sectorsToBytes(SECTORS_MAX)) {
    const why = `its ${sizeBytes} bytes are too many; want at most ${SECTORS_MAX} sectors`;
    return { kind: "refused", code: "EINVAL", why };
  }
  const tailBytes = sizeBytes % SECTOR_BYTES;
  if (tailBytes !== 0 && !roundDown) {
    const why = `its ${sizeBytes} bytes are no whole number of sectors, ${tailBytes} are left ` +
      "over; want a multiple of 512, or the option roundDown";
    return { kind: "refused", code: "EINVAL", why };
  }
  if (kind === "size alone" && !allowUnpinned) {
    const why = "the answer shows no ETag and no Last-Modified, so nothing would tell that the " +
      `image has changed: ${EXPOSE_ADVICE}; want one of them, or the option allowUnpinned`;
    return { kind: "refused", code: "ENOTSUP", why };
  }
  return null;
}

/** An image that is open, on a server that can send ranges. */
export class RemoteImage {
  readonly #session: Session;
  readonly #name: string;
  readonly #identity: ImageIdentity;
  readonly #conditions: Readonly<Record<string, string>>;

  /**
   * An image that was opened.
   *
   * @param session Performs the requests.
   * @param options What it was opened with.
   * @param identity Which image it is.
   */
  constructor(session: Session, options: ImageOptions, identity: ImageIdentity) {
    this.#session = session;
    this.#name = options.name;
    this.#identity = identity;
    this.#conditions = options.conditional ? conditionsOf(identity) : {};
  }

  /**
   * Gets sectors.
   *
   * @param sector The first sector; the range is one of the image.
   * @param sectorCount How many.
   * @returns A new buffer.
   * @throws {BlockDeviceError} When they cannot be had.
   */
  fetchSectors(sector: number, sectorCount: number): Promise<Uint8Array> {
    const firstByte = sectorsToBytes(sector);
    const bytes = new Uint8Array(sectorsToBytes(sectorCount));
    let done = 0;
    return this.#session.perform({
      what: `Cannot read ${sectorCount} sectors at sector ${sector} of "${this.#name}"`,
      place: { device: this.#name, sector, sectorCount },
      attempt: async (exchange): Promise<Outcome<Uint8Array>> => {
        const start = done;
        const range = { firstByte: firstByte + start, lastByte: firstByte + bytes.length - 1 };
        const headers = { ...rangeField(range), ...this.#conditions };
        const response = await exchange.send(this.#session.request(headers));
        const verdict = judgeRange(response, range, this.#identity);
        if (verdict.kind !== "part") return verdict;
        const left = bytes.subarray(start);
        const ending = await exchange.fill(left, (filled) => void (done = start + filled));
        if (ending === "whole") return { kind: "done", result: bytes };
        return ending === "short" ? endedShort(done - start, left.length) : endedLong(left.length);
      },
    });
  }
}

function rangeField({ firstByte, lastByte }: ByteRange): Record<string, string> {
  return { Range: `bytes=${firstByte}-${lastByte}` };
}

function endedShort(doneBytes: number, wantedBytes: number): Outcome<never> {
  return { kind: "again", why: `the body ended after ${doneBytes} of ${wantedBytes} bytes` };
}

function endedLong(wantedBytes: number): Outcome<never> {
  const why = `the body goes on behind the ${wantedBytes} bytes that its Content-Range tells`;
  return { kind: "refused", code: "EIO", why };
}
