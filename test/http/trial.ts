/**
 * One trial of the HTTP device by seed: readers side by side, a server with faults, an image that may
 * be replaced while it is read, and perhaps an early end.
 *
 * What must hold, whatever the server does:
 * - a read that succeeds has the bytes of the image that was opened, and of no other;
 * - a read that fails says so with a code of a device, and has not touched its buffer;
 * - once it was said that the image has changed, or that the device was closed, no read succeeds;
 * - a server without faults, or with faults that pass, fails nobody;
 * - no more requests are under way than may be, and when the device is closed none is.
 *
 * @module
 */
import { BlockDeviceError } from "../../src/block/errors.ts";
import { type HttpDevice, type HttpDeviceOptions, openHttpDevice } from "../../src/devices/http.ts";
import { patternOf, Prng, verify, verifySectors } from "../../src/testing/mod.ts";
import { HostFetch } from "./host_fetch.ts";
import { type Fault, FAULTS, type HostOptions, ImageHost } from "./image_host.ts";
import { quiet, SimulatedClock } from "./simulated_clock.ts";

/** Faults after which trying again is right. */
const PASSING: readonly Fault[] = [
  "refuse connection",
  "silence",
  "drop",
  "stall",
  "short",
  "500",
  "503 soon",
  "429",
];

/** What a trial came to. */
export interface Tally {
  readCount: number;
  failedCount: number;
  changedCount: number;
  closedCount: number;
  openedCount: number;
  requestCount: number;
}

/** A seam for the trial's own test: a device that breaks a law. */
export type Spoil = (device: HttpDevice) => HttpDevice;

const IDENTITIES: Readonly<Record<string, [HostOptions, HostOptions]>> = {
  strong: [{ etag: '"v1"' }, { etag: '"v2"' }],
  weak: [{ etag: 'W/"v1"' }, { etag: 'W/"v2"' }],
  date: [
    { etag: null, lastModified: "Mon, 02 Nov 2026 10:00:00 GMT" },
    { lastModified: "Mon, 02 Nov 2026 10:00:01 GMT" },
  ],
  size: [{ etag: null }, {}],
};

const CODES = new Set(["EIO", "ENOENT", "EPERM", "ESHUTDOWN"]);

class Trial {
  readonly tally: Tally = {
    readCount: 0,
    failedCount: 0,
    changedCount: 0,
    closedCount: 0,
    openedCount: 0,
    requestCount: 0,
  };
  readonly #prng: Prng;
  readonly #clock = new SimulatedClock();
  readonly #host: ImageHost;
  readonly #fetch: HostFetch;
  readonly #sectorCount: number;
  readonly #image: Uint8Array<ArrayBuffer>;
  readonly #kind: string;
  readonly #options: HttpDeviceOptions;
  readonly #spoil: Spoil;
  /** Whether nothing may fail. */
  readonly #isCalm: boolean;
  #isReplaced = false;
  #hasChanged = false;
  #isClosed = false;
  /** The first law that was broken by a read. */
  #broken: unknown = null;

  constructor(seed: string, spoil: Spoil) {
    const prng = this.#prng = Prng.fromSeed(`http/${seed}`);
    this.#spoil = spoil;
    this.#sectorCount = prng.pick([1, 7, 100, 300, 1021]);
    this.#image = patternOf(1, 0, this.#sectorCount);
    this.#kind = prng.pick(Object.keys(IDENTITIES));
    const conditions = prng.bool();
    this.#host = new ImageHost(this.#image, { ...IDENTITIES[this.#kind]![0], conditions });
    this.#fetch = new HostFetch(this.#host, {
      clock: this.#clock,
      latencyMs: () => prng.int(100),
      pieceBytes: () => prng.intBetween(1, 20_000),
    });
    const faultRate = prng.pick([0, 0.05, 0.3]);
    const faults = prng.pick([PASSING, FAULTS]);
    this.#isCalm = faultRate === 0 || faults === PASSING;
    this.#host.nextFault = () => prng.bool(faultRate) ? prng.pick(faults) : null;
    this.#options = {
      fetch: this.#fetch.fetch,
      clock: this.#clock,
      allowUnpinned: this.#kind === "size",
      requestsMax: prng.intBetween(1, 5),
      requestSectorsMax: prng.pick([1, 8, 64, 2048]),
      readAheadSectorsMax: prng.pick([0, 16, 256]),
      bufferBytesMax: prng.pick([0, 16 * 512, 512 * 512]),
      retry: { attemptsMax: faults === PASSING ? 40 : 3, jitter: () => prng.int(1000) / 1000 },
      stallTimeoutMs: 5000,
    };
  }

  async run(): Promise<void> {
    const device = await this.#open();
    if (device !== null) {
      await this.#use(device);
      await device.close();
      this.#isClosed = true;
      await this.#read(device, 0);
      const { requestCount } = device.progress;
      const askedCount = this.#fetch.urls.length;
      verify(askedCount >= requestCount, `${requestCount} requests told of ${askedCount}`);
      this.tally.requestCount = requestCount;
    }
    await quiet();
    verify(this.#fetch.openCount === 0, `${this.#fetch.openCount} answers are still under way`);
    const { openCountMax } = this.#fetch;
    verify(openCountMax <= (this.#options.requestsMax ?? 0), `${openCountMax} were under way`);
  }

  async #open(): Promise<HttpDevice | null> {
    for (let attempts = 0; attempts < 5; attempts++) {
      try {
        const device = await openHttpDevice("http://host/disk.img", this.#options);
        verify(device.sectorCount === this.#sectorCount, `it has ${device.sectorCount} sectors`);
        this.tally.openedCount++;
        return this.#spoil(device);
      } catch (error) {
        if (!(error instanceof BlockDeviceError)) throw error;
        verify(!this.#isCalm, `a server whose faults pass was given up: ${error.message}`);
      }
    }
    return null;
  }

  async #use(device: HttpDevice): Promise<void> {
    const replaceAt = this.#prng.bool(0.3) ? this.#prng.int(40) : Infinity;
    const closeAt = this.#prng.bool(0.2) ? this.#prng.int(40) : Infinity;
    const readers: Promise<void>[] = [];
    let nextSector = 0;
    for (let turn = 0; turn < 40; turn++) {
      if (turn === replaceAt) this.#replace();
      if (turn === closeAt) {
        this.#isClosed = true;
        await device.close();
      }
      for (let count = this.#prng.int(4); count > 0; count--) {
        if (this.#prng.bool(0.5)) nextSector = this.#prng.int(this.#sectorCount);
        const sector = nextSector >= this.#sectorCount ? 0 : nextSector;
        const sectorCount = this.#prng.intBetween(1, Math.min(40, this.#sectorCount - sector));
        const reading = this.#read(device, sector, sectorCount);
        readers.push(reading.catch((broken) => void (this.#broken ??= broken)));
        nextSector = sector + sectorCount;
      }
      if (this.#prng.bool(0.7)) await this.#clock.sleep(this.#prng.int(300));
    }
    await Promise.all(readers);
    if (this.#broken !== null) throw this.#broken;
  }

  #replace(): void {
    const isLarger = this.#kind === "size" || this.#prng.bool(0.3);
    const sectorCount = this.#sectorCount + (isLarger ? 3 : 0);
    this.#host.replace(patternOf(2, 0, sectorCount), IDENTITIES[this.#kind]![1]);
    this.#isReplaced = true;
  }

  async #read(device: HttpDevice, sector: number, sectorCount = 1): Promise<void> {
    const mustFail = this.#hasChanged || this.#isClosed;
    const mayFail = mustFail || this.#isReplaced;
    const target = new Uint8Array(sectorCount * 512).fill(0xa5);
    const what = `a read of ${sectorCount} sectors at sector ${sector}`;
    this.tally.readCount++;
    try {
      await device.read(target, sector);
    } catch (error) {
      this.#accept(error, what, mayFail);
      verify(target.every((byte) => byte === 0xa5), `${what} failed and has touched its buffer`);
      return;
    }
    verify(!mustFail, `${what} succeeded on a device that had ended`);
    const want = this.#image.subarray(sector * 512, (sector + sectorCount) * 512);
    verifySectors(target, want, sector, what);
  }

  /** Whether a failure is one that may be. */
  #accept(error: unknown, what: string, mayFail: boolean): void {
    verify(error instanceof BlockDeviceError, `${what} failed with ${error}`);
    verify(CODES.has(error.code), `${what} failed with ${error.code}: ${error.message}`);
    this.tally.failedCount++;
    const isEnd = error.code === "ESHUTDOWN";
    if (isEnd) this.tally.closedCount++;
    verify(!isEnd || this.#isClosed, `${what} failed as if the device were closed`);
    if (error.message.includes("has changed")) {
      this.tally.changedCount++;
      // Nothing but a replaced image, or a fault that looks like one, may be taken for a change.
      this.#hasChanged = true;
    }
    const isExpected = mayFail || this.#isReplaced || this.#isClosed || !this.#isCalm;
    verify(isExpected, `${what} failed though every fault passes: ${error.message}`);
  }
}

/**
 * Runs a trial.
 *
 * @param seed What everything in it follows from.
 * @param spoil A seam for the trial's own test.
 * @returns What it came to.
 * @throws When a law was broken; the message tells how to replay it.
 */
export async function tryHttp(
  seed: string,
  spoil: Spoil = (device) => device,
): Promise<Tally> {
  const trial = new Trial(seed, spoil);
  try {
    await trial.run();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const replay = `SEED=${seed} deno task test:unit test/http/trial`;
    throw new Error(`${why}; seed ${seed}; replay: ${replay}`, { cause });
  }
  return trial.tally;
}
