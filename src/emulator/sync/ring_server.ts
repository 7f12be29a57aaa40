/**
 * The server of a disk's rings: one thread that does what clients in other threads ask.
 *
 * It sleeps until the bell rings, and begins what is asked in the order of tickets, whichever client
 * asks. How it sleeps:
 *
 * | when                                       | how                            | costs a request    |
 * | ------------------------------------------ | ------------------------------ | ------------------ |
 * | just after a request, device synchronous   | `Atomics.wait`, `lingerMs`     | one wake           |
 * | else                                       | `Atomics.waitAsync`            | a turn of the loop |
 * | else, where there is no `Atomics.waitAsync` | a message, if the board says so | a message          |
 *
 * It never asks again and again. While it lingers its thread hears no messages; so after some
 * requests in a row it lets the event loop turn once, and new clients are heard.
 *
 * A synchronous device is asked synchronously, and moves bytes in place; what it refuses with
 * `EAGAIN`, for it is busy with something else, is asked again asynchronously. Requests of other
 * devices are under way together.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { type Clock, systemClock } from "../../block/clock.ts";
import { type BlockDevice, isSyncDevice, type SyncBlockDevice } from "../../block/device.ts";
import { BlockDeviceError, codeOf } from "../../block/errors.ts";
import { packError } from "../../devices/port_protocol.ts";
import { Board, BOARD_BYTES, canBlock } from "./board.ts";
import { type Greeting, type Hello, noSharedMemory, type Refusal } from "./greeting.ts";
import { readRequest, type Request, type SharedMemory, writeFailure } from "./request.ts";
import { writeSuccess } from "./request.ts";
import * as slots from "./slot.ts";
import { Ring, type RingSize, WORD } from "./slot.ts";

/** What {@linkcode serveSyncDisk} is told. */
export interface SyncDiskServerOptions {
  /**
   * Requests that each client can have under way: 2 to 64.
   *
   * @default {4}
   */
  readonly slotCount?: number;
  /**
   * Bytes that a request moves at most, unless in place. Larger ones are done in parts.
   *
   * @default {262144}
   */
  readonly areaBytes?: number;
  /**
   * How long the thread stays blocked after a request, waiting for the next, in milliseconds. Only
   * over a synchronous device. 0: never, for a thread that has other things to do.
   *
   * @default {1}
   */
  readonly lingerMs?: number;
  /** What signs of life are timed by. A seam for tests. */
  readonly clock?: Clock;
}

/** A disk that is served. */
export interface SyncDiskServer {
  /**
   * The memory by which {@linkcode endSyncDisk} tells clients that this thread has ended. To be
   * posted to whoever may terminate it.
   */
  readonly board: SharedArrayBuffer;
  /**
   * Serves one more client.
   *
   * @param port One end of a `MessageChannel`; the other is for `connectSyncDisk`.
   */
  connect(port: MessagePort): void;
  /** Ends serving. What clients ask afterwards is `ENODEV`. The device stays open. */
  close(): Promise<void>;
}

/** Requests in a row after which the event loop turns once. */
const BURST_REQUESTS = 64;

/** So often a server shows that it lives while a request is under way. */
const LIFE_MS = 250;

/** One client as the server sees it. */
interface Client {
  readonly ring: Ring;
  readonly port: MessagePort;
  readonly memories: readonly SharedMemory[];
  readonly wantsNudge: boolean;
  /** What each slot asks. */
  readonly requests: readonly Request[];
}

/** Where the next request is. */
interface Asked {
  client: Client | undefined;
  slot: number;
}

class RingServer implements SyncDiskServer {
  readonly board: SharedArrayBuffer = new SharedArrayBuffer(BOARD_BYTES);
  readonly #board = new Board(this.board);
  readonly #device: BlockDevice;
  readonly #sync: SyncBlockDevice | undefined;
  readonly #size: RingSize;
  readonly #lingerMs: number;
  readonly #clock: Clock;
  readonly #clients = new Set<Client>();
  readonly #asked: Asked = { client: undefined, slot: 0 };
  /** A message to oneself: the event loop has turned once it is there. */
  readonly #loop = new MessageChannel();
  #wake = () => {};
  #underWay = 0;
  #isShowingLife = false;
  readonly #ended: Promise<void>;

  constructor(device: BlockDevice, options: SyncDiskServerOptions) {
    const { slotCount = 4, areaBytes = 256 * 1024, lingerMs = 1, clock = systemClock } = options;
    this.#size = { slotCount, areaBytes };
    Ring.bytesOf(this.#size);
    this.#device = device;
    this.#sync = isSyncDevice(device) ? device : undefined;
    this.#lingerMs = this.#sync !== undefined && canBlock() ? lingerMs : 0;
    this.#clock = clock;
    this.#loop.port1.onmessage = () => this.#wake();
    this.#ended = this.#serve();
  }

  connect(port: MessagePort): void {
    let client: Client | undefined;
    port.onmessage = ({ data: said }: MessageEvent<Hello | null>) => {
      if (client === undefined && said !== null) client = this.#greet(port, said);
      else this.#wake();
    };
    port.onmessageerror = () => refuse(port, noSharedMemory());
    port.addEventListener("close", () => {
      if (client !== undefined) this.#clients.delete(client);
    });
  }

  async close(): Promise<void> {
    this.#board.end();
    this.#wake();
    await this.#ended;
    for (const { port } of this.#clients) port.close();
    this.#clients.clear();
    this.#loop.port1.close();
  }

  #greet(port: MessagePort, { memories, wantsNudge }: Hello): Client | undefined {
    const { name, sectorCount, limits, supports } = this.#device;
    const memory = new SharedArrayBuffer(Ring.bytesOf(this.#size));
    const ring = new Ring(memory, this.#size);
    const requests = Array.from(
      { length: this.#size.slotCount },
      (): Request => ({
        verb: "flush",
        sector: 0,
        sectorCount: 0,
        isFua: false,
        bytes: new Uint8Array(),
      }),
    );
    const client: Client = { ring, port, memories, wantsNudge, requests };
    const greeting: Greeting = {
      ...{ name, sectorCount, limits, supports },
      ...{ ring: memory, board: this.board, size: this.#size },
    };
    try {
      port.postMessage(greeting);
    } catch (error) {
      refuse(port, noSharedMemory(error));
      return undefined;
    }
    this.#clients.add(client);
    return client;
  }

  async #serve(): Promise<void> {
    for (let burst = 0; !this.#board.hasEnded;) {
      const { bell } = this.#board; // Read before looking: see the board's head.
      if (this.#takeNext()) {
        this.#begin(this.#asked.client!, this.#asked.slot);
        burst++;
        if (burst % BURST_REQUESTS === 0) await this.#turn();
      } else if (burst > 0 && this.#lingerMs > 0 && this.#underWay === 0) {
        if (!this.#board.waitForBell(bell, this.#lingerMs)) burst = 0;
      } else {
        burst = 0;
        await this.#sleep(bell);
      }
    }
    while (this.#takeNext()) this.#refuseAsEnded(this.#asked.client!, this.#asked.slot);
  }

  /** Lets the event loop turn once. */
  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#loop.port2.postMessage(null);
    });
  }

  async #sleep(bell: number): Promise<void> {
    const rung = this.#board.waitForBellAsync(bell);
    if (rung !== undefined) {
      await rung;
      return;
    }
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#board.wantsNudge = true;
      if (this.#board.bell !== bell) resolve(); // It was rung before the board said so.
    });
    this.#board.wantsNudge = false;
  }

  /** Takes the request with the earliest ticket. Returns whether there was one. */
  #takeNext(): boolean {
    const asked = this.#asked;
    do {
      asked.client = undefined;
      let earliest = 0;
      for (const client of this.#clients) {
        const { ring } = client;
        for (let slot = 0; slot < ring.size.slotCount; slot++) {
          if (ring.load(slot, WORD.state) !== slots.ASKED) continue;
          const ticket = ring.load(slot, WORD.ticket);
          // Tickets wrap: a difference is what counts.
          if (asked.client !== undefined && ((ticket - earliest) | 0) >= 0) continue;
          earliest = ticket;
          asked.client = client;
          asked.slot = slot;
        }
      }
      // Withdrawn meanwhile: look again.
    } while (asked.client !== undefined && !slots.take(asked.client.ring, asked.slot));
    return asked.client !== undefined;
  }

  #begin(client: Client, slot: number): void {
    const request = client.requests[slot]!;
    this.#board.showLife();
    try {
      readRequest(client.ring, slot, client.memories, request);
      if (this.#sync === undefined || request.verb === "close") {
        return void this.#performAsync(client, slot, request);
      }
      this.#performSync(this.#sync, request);
    } catch (error) {
      if (codeOf(error) === "EAGAIN") return void this.#performAsync(client, slot, request);
      return this.#settle(client, slot, error);
    }
    this.#settle(client, slot);
  }

  #performSync(device: SyncBlockDevice, request: Request): void {
    const { verb, sector, sectorCount, isFua, bytes } = request;
    if (verb === "read") device.readSync(bytes, sector);
    else if (verb === "write") device.writeSync(bytes, sector, isFua ? FUA : undefined);
    else if (verb === "zero") device.writeZeroesSync(sector, sectorCount, { fua: isFua });
    else if (verb === "discard") device.discardSync(sector, sectorCount);
    else device.flushSync();
  }

  async #performAsync(client: Client, slot: number, request: Request): Promise<void> {
    const { verb, sector, sectorCount, isFua, bytes } = request;
    const device = this.#device;
    this.#underWay++;
    void this.#showLife();
    try {
      if (verb === "read") await device.read(bytes, sector);
      else if (verb === "write") await device.write(bytes, sector, { fua: isFua });
      else if (verb === "zero") await device.writeZeroes(sector, sectorCount, { fua: isFua });
      else if (verb === "discard") await device.discard(sector, sectorCount);
      else if (verb === "flush" || device.supports.write) await device.flush();
      this.#settle(client, slot);
    } catch (error) {
      this.#settle(client, slot, error);
    } finally {
      this.#underWay--;
      if (verb === "close") this.#clients.delete(client);
    }
  }

  async #showLife(): Promise<void> {
    if (this.#isShowingLife) return;
    this.#isShowingLife = true;
    while (this.#underWay > 0 && !this.#board.hasEnded) {
      await this.#clock.sleep(LIFE_MS);
      this.#board.showLife();
    }
    this.#isShowingLife = false;
  }

  #settle(client: Client, slot: number, error?: unknown): void {
    const { ring } = client;
    const { sectorCount } = this.#device;
    if (error === undefined) writeSuccess(ring, slot, sectorCount);
    else writeFailure(ring, slot, sectorCount, error);
    if (!slots.answer(ring, slot)) slots.giveBack(ring, slot);
    slots.wakeWaiters(ring, slot);
    if (client.wantsNudge) client.port.postMessage(null);
  }

  #refuseAsEnded(client: Client, slot: number): void {
    const { name: device } = this.#device;
    const why = `Cannot use "${device}": it is not served any more`;
    this.#settle(client, slot, new BlockDeviceError("ENODEV", why, { device }));
  }
}

const FUA = Object.freeze({ fua: true });

function refuse(port: MessagePort, error: BlockDeviceError): void {
  const refusal: Refusal = { error: packError(error) };
  port.postMessage(refusal);
}

/**
 * Serves a disk to threads that want its calls to return: the I/O worker's side.
 *
 * @param device Any device: its own thread uses it as before. Whoever opened it closes it, after the
 * server.
 * @param options How large rings are, and how the thread sleeps.
 * @returns The server: give it a port for each client.
 * @throws {RangeError} When the sizes are none.
 * @throws {BlockDeviceError} `ENOTSUP` where there is no shared memory.
 */
export function serveSyncDisk(
  device: BlockDevice,
  options: SyncDiskServerOptions = {},
): SyncDiskServer {
  if (typeof SharedArrayBuffer === "undefined") throw noSharedMemory();
  return new RingServer(device, options);
}

/**
 * Tells all clients of a server that its thread has ended: for whoever terminated it, or saw it fail.
 * Those that wait are refused with `ENODEV` within a tenth of a second.
 *
 * @param board The server's `board`.
 */
export function endSyncDisk(board: SharedArrayBuffer): void {
  new Board(board).end();
}
