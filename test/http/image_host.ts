/**
 * What a web server with one image says, and what a faulty one says: the decision only.
 *
 * {@linkcode ImageHost.answer} takes a request's header fields and a fault, and tells the reply. Two
 * frontends perform it: `host_fetch.ts` as a `fetch` without a network, `fault_server.ts` as a real
 * server. An honest answer follows RFC 9110 for GET with one range and with conditions.
 *
 * @module
 */

/** What can go wrong with one answer. */
export const FAULTS = [
  "refuse connection", // no answer at all
  "silence", // an answer never comes
  "drop", // the connection breaks off in the middle of the body
  "stall", // the body stops in the middle and does not go on
  "short", // the body ends in the middle, as if that were all
  "long", // some bytes more than were told
  "endless", // the body does not end
  "long length", // Content-Length tells more than comes
  "whole", // 200: as if there were no Range support
  "shifted", // the right bytes of another range, and honest about it
  "shorter", // fewer bytes than wanted, and honest about it
  "longer", // more bytes than wanted, and honest about it
  "no range told", // 206 without Content-Range
  "no size told", // 206 with "bytes 0-511/*"
  "nonsense range", // 206 with a Content-Range that is none
  "huge size", // 206 of an image of 10^30 bytes
  "encoded", // Content-Encoding on a range
  "no identity", // neither ETag nor Last-Modified
  "500",
  "503 soon", // with Retry-After
  "503 late", // with a Retry-After that nobody waits for
  "429",
  "404",
  "403",
  "416",
  "301", // a redirect without a target
] as const;

/** The name of a fault. */
export type Fault = typeof FAULTS[number];

/** How a reply's body ends. */
export type Ending = "whole" | "drop" | "stall" | "endless";

/** What is answered. */
export interface Reply {
  /** 0: the connection is refused; -1: nothing ever comes. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly ending: Ending;
}

/** What a host is like. */
export interface HostOptions {
  readonly etag?: string | null;
  readonly lastModified?: string | null;
  /** Whether it knows ranges. */
  readonly ranges?: boolean;
  /** Whether it knows `If-Match`, `If-Range` and `If-Unmodified-Since`. */
  readonly conditions?: boolean;
}

/** A request that came, and what went wrong with it. */
export interface Visit {
  readonly headers: Headers;
  readonly fault: Fault | null;
  readonly reply: Reply;
}

const NOTHING = new Uint8Array(0);

/** A web server's mind. */
export class ImageHost {
  /** Every request that came. */
  readonly visits: Visit[] = [];
  /** Picks the fault of the next answer; `null`: none. */
  nextFault: (headers: Headers) => Fault | null = () => null;
  #image: Uint8Array<ArrayBuffer>;
  #etag: string | null;
  #lastModified: string | null;
  readonly #options: HostOptions;

  constructor(image: Uint8Array<ArrayBuffer>, options: HostOptions = {}) {
    this.#image = image;
    this.#options = options;
    this.#etag = options.etag === undefined ? '"v1"' : options.etag;
    this.#lastModified = options.lastModified ?? null;
  }

  /** Puts another image in the place of the present one. */
  replace(image: Uint8Array<ArrayBuffer>, identity: HostOptions): void {
    this.#image = image;
    if (identity.etag !== undefined) this.#etag = identity.etag;
    if (identity.lastModified !== undefined) this.#lastModified = identity.lastModified;
  }

  /** The `Range` fields that came, without their unit, in order. */
  get ranges(): string[] {
    return this.visits.map(({ headers }) => (headers.get("Range") ?? "").replace("bytes=", ""));
  }

  /** Answers a request, and remembers it. */
  answer(headers: Headers): Reply {
    const fault = this.nextFault(headers);
    const honest = this.#honest(headers);
    const reply = fault === null ? honest : this.#spoilt(fault, honest, rangeOf(headers));
    this.visits.push({ headers, fault, reply });
    return reply;
  }

  get #identity(): Record<string, string> {
    return {
      ...(this.#etag === null ? {} : { "ETag": this.#etag }),
      ...(this.#lastModified === null ? {} : { "Last-Modified": this.#lastModified }),
    };
  }

  #honest(headers: Headers): Reply {
    const sizeBytes = this.#image.length;
    const identity = this.#identity;
    const conditions = this.#options.conditions ?? true;
    if (conditions && this.#isUnwanted(headers)) return reply(412, {}, NOTHING);
    const range = this.#options.ranges === false ? null : rangeOf(headers);
    const condition = headers.get("If-Range");
    const isVoid = conditions && condition !== null && condition !== this.#etag;
    if (range === null || isVoid) return reply(200, identity, this.#image);
    if (range.first >= sizeBytes) {
      return reply(416, { "Content-Range": `bytes */${sizeBytes}` }, NOTHING);
    }
    return this.#part(range.first, Math.min(range.last, sizeBytes - 1));
  }

  #isUnwanted(headers: Headers): boolean {
    const match = headers.get("If-Match");
    if (match !== null) return match !== this.#etag || match.startsWith("W/");
    const since = headers.get("If-Unmodified-Since");
    return since !== null && Date.parse(this.#lastModified ?? "") > Date.parse(since);
  }

  #part(first: number, last: number): Reply {
    const told = `bytes ${first}-${last}/${this.#image.length}`;
    const headers = { ...this.#identity, "Content-Range": told };
    return reply(206, headers, this.#image.slice(first, last + 1));
  }

  #spoilt(fault: Fault, honest: Reply, range: Range | null): Reply {
    const { status, headers, body } = honest;
    const { first, last } = range ?? { first: 0, last: this.#image.length - 1 };
    const half = body.slice(0, Math.floor(body.length / 2));
    const end = this.#image.length - 1;
    const told = (text: string) => ({ ...honest, headers: { ...headers, "Content-Range": text } });
    switch (fault) {
      case "refuse connection":
        return { ...honest, status: 0 };
      case "silence":
        return { ...honest, status: -1 };
      case "drop":
      case "stall":
        return { ...honest, body: half, ending: fault };
      case "short":
        return { ...honest, body: half, headers: { ...headers, "Content-Length": "" } };
      case "long":
        return {
          ...honest,
          body: joined(body, new Uint8Array(3).fill(0xee)),
          headers: { ...headers, "Content-Length": "" },
        };
      case "endless":
        return { ...honest, ending: fault, headers: { ...headers, "Content-Length": "" } };
      case "long length":
        return {
          ...honest,
          ending: "drop",
          headers: { ...headers, "Content-Length": `${body.length + 100}` },
        };
      case "whole":
        return reply(200, this.#identity, this.#image);
      case "shifted":
        return first + 1 > end ? honest : this.#part(first + 1, Math.min(last + 1, end));
      case "shorter":
        return last > first ? this.#part(first, Math.min(last, end) - 1) : honest;
      case "longer":
        return last < end ? this.#part(first, last + 1) : honest;
      case "no range told":
        return { ...honest, headers: without(headers, "Content-Range") };
      case "no size told":
        return told(`bytes ${first}-${last}/*`);
      case "nonsense range":
        return told(`bytes ${last}-${first - 1}/many`);
      case "huge size":
        return told(`bytes ${first}-${last}/1${"0".repeat(30)}`);
      case "encoded":
        return { ...honest, headers: { ...headers, "Content-Encoding": "x-scrambled" } };
      case "no identity":
        return { ...honest, headers: without(headers, "ETag", "Last-Modified") };
      case "503 soon":
        return reply(503, { "Retry-After": "2" }, NOTHING);
      case "503 late":
        return reply(503, { "Retry-After": "86400" }, NOTHING);
      case "416":
        return reply(416, { "Content-Range": `bytes */${this.#image.length}` }, NOTHING);
      default:
        return reply(Number(fault) || status, {}, new TextEncoder().encode("an error page"));
    }
  }
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function rangeOf(headers: Headers): Range | null {
  const match = /^bytes=(\d+)-(\d+)$/.exec(headers.get("Range") ?? "");
  return match === null ? null : { first: Number(match[1]), last: Number(match[2]) };
}

function reply(
  status: number,
  headers: Record<string, string>,
  body: Uint8Array<ArrayBuffer>,
): Reply {
  const length = { "Content-Length": `${body.length}` };
  return { status, headers: { ...headers, ...length }, body, ending: "whole" };
}

function without(headers: Readonly<Record<string, string>>, ...names: string[]) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
