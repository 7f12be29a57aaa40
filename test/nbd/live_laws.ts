/**
 * The laws of a stack that changes while clients write, tried on one run by its seed.
 *
 * Clients write to parts of the origin of their own, one write after the other, without a pause. The disk
 * and the COW images answer in an order that follows from the seed. Meanwhile snapshots are taken, written,
 * dropped and merged by what is said on a control session, bytes in, bytes out.
 *
 * - A snapshot shows of each client its first n writes, whole: n is no fewer than had been answered when
 *   the snapshot was asked for, and no more than had been begun when it was there.
 * - It shows the same ever after, but for what was written to it.
 * - After a merge the origin shows the snapshot, and of each client the writes from some n on.
 * - At the end every COW image is whole, and every snapshot, opened anew, shows what it did.
 */
import { Buffer } from "node:buffer";
import { createMemoryDevice } from "../../src/devices/memory.ts";
import { ControlSession } from "../../src/nbd/control/control_session.ts";
import { performControl } from "../../src/nbd/control/control_verbs.ts";
import { LiveStack } from "../../src/nbd/live/live_stack.ts";
import { Prng } from "../../src/testing/prng.ts";
import { deviceOf, DISK_SECTORS, MemoryShelf } from "../unit/nbd/live/rig.ts";
import { SlowDevice } from "../unit/nbd/slow_device.ts";
import { bytesOf, Client, type Content, contentOf, isSame } from "./live_writer.ts";

const CLIENT_COUNT = 3;
const OPERATION_COUNT = 12;
const SNAPSHOTS_MAX = 3;
/** More turns than this without an answer: nobody will ever answer. */
const TURNS_MAX = 20_000;

/** A snapshot, and what it shows. */
interface Known {
  readonly name: string;
  readonly path: string;
  content: Content;
}

/** One run. */
class World {
  readonly prng: Prng;
  readonly shelf: MemoryShelf;
  readonly stack: LiveStack;
  readonly clients: Client[];
  snapshots: Known[] = [];
  #slow: SlowDevice[] = [];
  #number = 0;
  #names = 0;
  #answers: { result?: unknown; error?: { message: string } }[] = [];
  readonly #session: ControlSession;

  constructor(seed: string) {
    this.prng = Prng.fromSeed(`live ${seed}`);
    this.shelf = new MemoryShelf((device) => {
      const slow = new SlowDevice(device);
      this.#slow.push(slow);
      return slow;
    });
    this.stack = new LiveStack({ shelf: this.shelf });
    const part = Math.floor(DISK_SECTORS / CLIENT_COUNT);
    this.clients = Array.from(
      { length: CLIENT_COUNT },
      (_, at) => new Client(this, at * part, part),
    );
    const server = { stack: this.stack, clientCount: CLIENT_COUNT, nowMs: () => 0 };
    this.#session = new ControlSession({
      perform: (request) => performControl(request, server),
      send: (bytes) => void this.#answers.push(JSON.parse(Buffer.from(bytes).toString())),
      onChange: () => {},
    });
  }

  nextNumber(): number {
    return ++this.#number;
  }

  /** Lets one of the requests that wait end, or several, in any order. */
  async #answerSome(): Promise<void> {
    for (let count = 1 + this.prng.int(3); count > 0; count--) {
      const busy = this.#slow.filter(({ waiting }) => waiting.length > 0);
      if (busy.length === 0) break;
      const { waiting } = this.prng.pick(busy);
      waiting.splice(this.prng.int(waiting.length), 1)[0]?.();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Does something while everything goes on. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false;
    work.then(() => isDone = true, () => isDone = true);
    for (let turn = 0; !isDone; turn++) {
      if (turn > TURNS_MAX) throw new Error("Nothing goes on any more");
      await this.#answerSome();
    }
    return await work;
  }

  /** Says a request in pieces, and waits for its answer. */
  async ask(fields: Record<string, unknown>) {
    const bytes = new TextEncoder().encode(`${JSON.stringify(fields)}\n`);
    const cut = this.prng.int(bytes.length);
    this.#session.receive(bytes.slice(0, cut));
    this.#session.receive(bytes.slice(cut));
    for (let turn = 0; this.#answers.length === 0; turn++) {
      if (turn > TURNS_MAX) throw new Error(`No answer to ${JSON.stringify(fields)}`);
      await this.#answerSome();
    }
    return this.#answers.shift()!;
  }

  async demand(fields: Record<string, unknown>): Promise<void> {
    const { error } = await this.ask(fields);
    if (error !== undefined) throw new Error(`${JSON.stringify(fields)}: ${error.message}`);
  }

  /** What a device shows, read in one go. */
  async read(name: string): Promise<Content> {
    const bytes = new Uint8Array(DISK_SECTORS * 512);
    await this.during(deviceOf(this.stack, name).read(bytes, 0));
    return contentOf(bytes);
  }

  async pause(): Promise<void> {
    await this.during(Promise.all(this.clients.map((client) => client.pause())));
  }

  start(): void {
    for (const client of this.clients) client.start();
  }

  async take(): Promise<void> {
    const name = `s${this.#names++}`;
    const earliest = this.clients.map(({ doneCount }) => doneCount);
    const chunkSectors = this.prng.pick([4, 8, 16]);
    await this.demand({ verb: "take", name, path: name, chunkSectors });
    const latest = this.clients.map(({ writes }) => writes.length);
    const content = await this.read(name);
    this.clients.forEach((client, at) => {
      const found = content.slice(client.sector, client.sector + client.sectorCount);
      for (let count = earliest[at]!; count <= latest[at]!; count++) {
        if (isSame(client.after(count), found)) return;
      }
      throw new Error(`${name} shows no beginning of client ${at}'s writes`);
    });
    this.snapshots.push({ name, path: name, content });
  }

  async drop(known: Known): Promise<void> {
    await this.demand({ verb: "drop", name: known.name, remove: true });
    this.snapshots = this.snapshots.filter((each) => each !== known);
  }

  async check(known: Known): Promise<void> {
    if (isSame(await this.read(known.name), known.content)) return;
    throw new Error(`${known.name} shows something else than it did`);
  }

  async write(known: Known): Promise<void> {
    const sector = this.prng.int(DISK_SECTORS);
    const count = 1 + this.prng.int(Math.min(30, DISK_SECTORS - sector));
    const content = new Uint32Array(count).fill(this.nextNumber());
    await this.during(deviceOf(this.stack, known.name).write(bytesOf(content), sector));
    known.content.set(content, sector);
  }

  async merge(known: Known): Promise<void> {
    const earliest = this.clients.map(({ doneCount }) => doneCount);
    await this.demand({ verb: "merge", name: known.name });
    const latest = this.clients.map(({ writes }) => writes.length);
    this.snapshots = this.snapshots.filter((each) => each !== known);
    await this.pause();
    const content = await this.read("origin");
    this.clients.forEach((client, at) => {
      const end = client.sector + client.sectorCount;
      const found = content.slice(client.sector, end);
      const base = known.content.slice(client.sector, end);
      for (let count = earliest[at]!; count <= latest[at]!; count++) {
        if (!isSame(client.after(client.writes.length, base, count), found)) continue;
        client.base = found;
        client.writes = [];
        client.doneCount = 0;
        return;
      }
      throw new Error(`After the merge of ${known.name} the origin shows something else`);
    });
    this.start();
  }

  async endMerge(): Promise<void> {
    await this.during(
      (async () => {
        while (this.stack.merging !== null) await new Promise((resolve) => setImmediate(resolve));
      })(),
    );
  }

  /** Says what is no request, or one that is refused. */
  async disturb(): Promise<void> {
    const { error } = await this.ask(
      this.prng.pick<Record<string, unknown>>([
        { verb: "take", name: "origin", path: "x" },
        { verb: "drop", name: "nobody" },
        { verb: "merge", name: "origin" },
        { verb: "nothing" },
        { verb: "dm", words: ["ls"], more: 1 },
      ]),
    );
    if (error === undefined) throw new Error("Something was not refused");
  }

  async step(): Promise<void> {
    const { prng, snapshots, stack } = this;
    const one = snapshots.length === 0 ? null : prng.pick(snapshots);
    switch (prng.int(8)) {
      case 0:
      case 1:
        if (stack.merging === null && snapshots.length < SNAPSHOTS_MAX) await this.take();
        break;
      case 2:
        if (one !== null && prng.bool()) await this.drop(one);
        break;
      case 3:
        if (one !== null && stack.merging === null) await this.merge(one);
        break;
      case 4:
        await this.endMerge();
        break;
      case 5:
        if (one !== null) await this.write(one);
        break;
      case 6:
        if (one !== null) await this.check(one);
        break;
      case 7:
        await this.disturb();
    }
  }

  async run(): Promise<void> {
    const path = "disk.img";
    const disk = createMemoryDevice({ name: path, sectorCount: DISK_SECTORS });
    this.shelf.images.set(path, disk);
    await this.during(this.stack.openOrigin(this.shelf.open(path), path));
    this.start();
    await this.take();
    for (let count = 0; count < OPERATION_COUNT; count++) await this.step();
    await this.endMerge();
    for (const known of this.snapshots) await this.check(known);
    await this.pause();
    const origin = await this.read("origin");
    this.clients.forEach((client, at) => {
      const found = origin.slice(client.sector, client.sector + client.sectorCount);
      if (isSame(client.after(client.writes.length), found)) return;
      throw new Error(`The origin does not show all of client ${at}'s writes`);
    });
    await this.during(this.stack.close());
    this.shelf.check();
    await this.#reopen(path);
  }

  /** Opens all of it anew, and looks at it again. */
  async #reopen(path: string): Promise<void> {
    const again = new LiveStack({ shelf: this.shelf });
    await this.during(again.openOrigin(this.shelf.open(path), path));
    for (const { name, path: cow, content } of this.snapshots) {
      await this.during(again.openSnapshot(name, this.shelf.open(cow), cow));
      const bytes = new Uint8Array(DISK_SECTORS * 512);
      await this.during(deviceOf(again, name).read(bytes, 0));
      if (!isSame(contentOf(bytes), content)) throw new Error(`${name}, opened anew, is another`);
    }
    await this.during(again.close());
  }
}

/**
 * Tries one run.
 *
 * @param seed What it follows from.
 */
export async function tryLiveStack(seed: string): Promise<void> {
  try {
    await new World(seed).run();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${why}\nTo see it again: deno task fuzz:nbd --live ${seed}`, { cause: error });
  }
}
