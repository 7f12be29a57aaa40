/**
 * The disks that pages have offered, as the service worker knows them.
 *
 * A browser stops a service worker whenever it likes, and with it goes all that it knew. So a disk
 * that is not known is asked for: every page is told its path, and those that offer it do so again.
 *
 *     unknown ── find ──▶ asked ── an offer ──▶ known ── withdrawn, its page gone ──▶ unknown
 *                           └── nobody, in time: null
 *
 * **Never a mixture**: of one path there are offers of one version only. They stand in for each other
 * when a page goes. A disk without a version may be written, so it has one offer, and who offers
 * another is refused with `EBUSY`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import type { Clock } from "../../block/clock.ts";
import { BlockDeviceError } from "../../block/errors.ts";
import { defer } from "../../block/promises.ts";
import { connectDevice } from "../../devices/port_device.ts";
import { packError } from "../../devices/port_protocol.ts";
import { readToWorker, type ToPage, type ToWorker } from "./offer_protocol.ts";
import { OfferedDisk, type WorkerClient, type WorkerClients } from "./offered_disk.ts";

/** How long is waited, and where disks may be. */
export interface OfferedDisksOptions {
  /** Who may have disks. */
  readonly clients: WorkerClients;
  /** What paths of disks begin with. */
  readonly prefix: string;
  readonly clock: Clock;
  /** How long pages have to answer. */
  readonly offerTimeoutMs: number;
}

type Offer = Extract<ToWorker, { readonly cowdisk: "offer" }>;

/** The disks that are offered. */
export class OfferedDisks {
  readonly #options: OfferedDisksOptions;
  readonly #disks = new Map<string, OfferedDisk[]>();
  /** Offers on their way in; `false` for one that was withdrawn meanwhile. */
  readonly #arriving = new Map<string, boolean>();
  /** Who waits for an offer of a path. */
  readonly #asked = new Map<string, { found: Promise<OfferedDisk | null>; tell(): void }>();

  /**
   * Knows of no disk yet.
   *
   * @param options How long is waited, and where disks may be.
   */
  constructor(options: OfferedDisksOptions) {
    this.#options = options;
  }

  /**
   * Hears a message.
   *
   * @param message What was said; what is not meant for us is not minded.
   * @param client Who said it.
   * @param port What came along.
   * @returns A promise that is kept when all is done that follows from it.
   */
  async hear(message: unknown, client: WorkerClient, port: MessagePort | undefined): Promise<void> {
    const said = readToWorker(message);
    if (said?.cowdisk === "claim") return await this.#options.clients.claim();
    const say = (answer: ToPage) => client.postMessage(answer);
    if (said?.cowdisk === "withdraw") {
      this.#withdraw(said);
      return say({ cowdisk: "withdrawn", id: said.id });
    }
    if (said?.cowdisk !== "offer" || port === undefined) return;
    try {
      await this.#accept(said, client, port);
      say({ cowdisk: "accepted", id: said.id });
    } catch (error) {
      port.close();
      say({ cowdisk: "refused", id: said.id, error: packError(error) });
    }
  }

  /**
   * Finds a disk, asking for it if it is not known.
   *
   * @param path Its path.
   * @returns The disk; `null` when nobody offers it in time.
   */
  find(path: string): Promise<OfferedDisk | null> {
    const [known] = this.#known(path);
    if (known !== undefined) return Promise.resolve(known);
    const asked = this.#asked.get(path);
    if (asked !== undefined) return asked.found;
    const { promise: heard, resolve: tell } = defer<void>();
    const found = this.#ask(path, heard).finally(() => this.#asked.delete(path));
    this.#asked.set(path, { found, tell });
    return found;
  }

  async #ask(path: string, heard: Promise<void>): Promise<OfferedDisk | null> {
    const { clients, clock, offerTimeoutMs } = this.#options;
    const all = await clients.matchAll({ includeUncontrolled: true });
    const question: ToPage = { cowdisk: "who offers", path };
    for (const client of all) client.postMessage(question);
    if (all.length > 0) await Promise.race([heard, clock.sleep(offerTimeoutMs)]);
    return this.#known(path)[0] ?? null;
  }

  #known(path: string): OfferedDisk[] {
    const living = (this.#disks.get(path) ?? []).filter(({ isGone }) => !isGone);
    if (living.length === 0) this.#disks.delete(path);
    else this.#disks.set(path, living);
    return living;
  }

  async #accept(offer: Offer, client: WorkerClient, port: MessagePort): Promise<void> {
    const { prefix } = this.#options;
    const { id, path } = offer;
    if (!path.startsWith(prefix)) {
      const message = `Cannot serve a disk at ${path}: want a path that begins with ${prefix}`;
      throw new BlockDeviceError("EINVAL", message);
    }
    this.#arriving.set(id, true);
    try {
      await this.#requireSameVersion(offer);
      const disk = await this.#connect(offer, client, port);
      const others = this.#known(path);
      const isKnown = others.some((other) => other.id === id);
      if (isKnown || !this.#arriving.get(id)) return disk.end("it is not needed");
      // Another page may have been quicker in the meantime.
      if (!others.every((other) => isStandIn(other, offer))) {
        disk.end("another page offers it");
        throw busy(path);
      }
      this.#disks.set(path, [...others, disk]);
      this.#asked.get(path)?.tell();
    } finally {
      this.#arriving.delete(id);
    }
  }

  async #requireSameVersion(offer: Offer): Promise<void> {
    for (const other of this.#known(offer.path)) {
      if (isStandIn(other, offer)) continue;
      if (await other.isPageThere()) throw busy(offer.path);
    }
  }

  async #connect(offer: Offer, client: WorkerClient, port: MessagePort): Promise<OfferedDisk> {
    const { clients, clock, offerTimeoutMs } = this.#options;
    const late = clock.sleep(offerTimeoutMs).then(() => null);
    const connected = await Promise.race([connectDevice(port), late]);
    if (connected === null) {
      const message = `Cannot use an offered disk: its page was silent for ${offerTimeoutMs} ms`;
      throw new BlockDeviceError("ENODEV", message);
    }
    const { id, version } = offer;
    const disk = new OfferedDisk({ id, version, connected, clientId: client.id, clients, clock });
    port.addEventListener("close", () => disk.end("its page has gone"));
    return disk;
  }

  #withdraw({ id, path }: { readonly id: string; readonly path: string }): void {
    const disk = this.#known(path).find((each) => each.id === id);
    disk?.end("it is offered no longer");
    if (this.#arriving.has(id)) this.#arriving.set(id, false);
  }
}

/** Whether the offer is of what the disk is, so that each can stand in for the other. */
function isStandIn(disk: OfferedDisk, { id, version }: Offer): boolean {
  return disk.id === id || (version !== null && disk.version === version);
}

function busy(path: string): BlockDeviceError {
  return new BlockDeviceError(
    "EBUSY",
    `Cannot serve another disk at ${path}: a page offers one there that is not the same`,
  );
}
