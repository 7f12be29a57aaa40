/**
 * Clients and a server of rings, in every order of their steps.
 *
 * Each step is one of the functions of `slot.ts` or `board.ts`, on real shared words: what is
 * enumerated is the code, with the waits between taken out. A client asks its requests one after the
 * other; its patience may end at any moment of a wait, if it is told so; the server may die before
 * any of its steps. Every state that can be reached is visited once, and its laws are checked.
 *
 * @module
 */
import { Board, BOARD_BYTES } from "../../../../src/emulator/sync/board.ts";
import * as slots from "../../../../src/emulator/sync/slot.ts";
import { Ring, WORD } from "../../../../src/emulator/sync/slot.ts";

/** What is wrong on purpose, so that the enumeration can be seen to find it. */
export type Defect =
  | "answers without asking whether it is wanted"
  | "asks again before the slot is given back"
  | "looks before it reads the bell"
  | "rings before it offers"
  | "withdraws in two steps"
  | "says that it wants a message after its last look";

/** What is enumerated. */
export interface World {
  /** How many requests each client asks. */
  readonly requests: readonly number[];
  /** Whether a client's patience can end. */
  readonly isImpatient?: boolean;
  /** Whether the server can die. */
  readonly isMortal?: boolean;
  /** Whether only a message wakes the server. */
  readonly byMessage?: boolean;
  readonly defect?: Defect;
}

type Fate = "succeeded" | "withdrawn" | "abandoned" | "refused";

interface ClientState {
  at: string;
  /** The request that is asked. */
  request: number;
  isAbandoned: boolean;
  readonly fates: Fate[];
}

interface ServerState {
  at: string;
  bell: number;
  client: number;
  request: number;
  isDead: boolean;
  messages: number;
  /** Per client, the requests that took effect. */
  readonly effects: number[][];
}

interface State {
  readonly words: readonly (readonly number[])[];
  readonly clients: readonly ClientState[];
  readonly server: ServerState;
}

const SLOT = 0;
/** Words of a slot, and of a line of the board. */
const SLOT_WORDS = 16;
const SIZE = { slotCount: 2, areaBytes: 512 };

function demand(condition: boolean, law: string): void {
  if (!condition) throw new Error(`It does not hold that ${law}`);
}

/** Visits every state. */
export class Interleavings {
  readonly #world: World;
  readonly #rings: Ring[];
  readonly #boardWords: Int32Array;
  readonly #board: Board;
  #clients: ClientState[] = [];
  #server!: ServerState;

  constructor(world: World) {
    this.#world = world;
    const memory = () => new SharedArrayBuffer(Ring.bytesOf(SIZE));
    this.#rings = world.requests.map(() => new Ring(memory(), SIZE));
    const board = new SharedArrayBuffer(BOARD_BYTES);
    this.#boardWords = new Int32Array(board);
    this.#board = new Board(board);
  }

  /** Goes through all states. Returns how many there are. */
  explore(): number {
    this.#clients = this.#world.requests.map(() => ({
      at: "idle",
      request: 0,
      isAbandoned: false,
      fates: [],
    }));
    this.#server = {
      ...{ at: "top", bell: 0, client: 0, request: 0, isDead: false, messages: 0 },
      effects: this.#world.requests.map(() => []),
    };
    const seen = new Set<string>();
    const waiting = [this.#save()];
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      const key = JSON.stringify(state);
      if (seen.has(key)) continue;
      seen.add(key);
      this.#restore(state);
      const stepCount = this.#steps().length;
      if (stepCount === 0) this.#checkEnd();
      for (let index = 0; index < stepCount; index++) {
        this.#restore(state);
        this.#steps()[index]!(); // Steps belong to the state that they were asked of.
        waiting.push(this.#save());
      }
    }
    return seen.size;
  }

  #save(): State {
    return structuredClone({
      words: [
        ...this.#rings.map(({ words }) => [...words.subarray(0, SLOT_WORDS)]),
        [...this.#boardWords.filter((_word, index) => index % SLOT_WORDS === 0)],
      ],
      clients: this.#clients,
      server: this.#server,
    });
  }

  #restore(state: State): void {
    const { words, clients, server } = structuredClone(state);
    this.#rings.forEach((ring, index) => ring.words.set(words[index]!));
    words.at(-1)!.forEach((word, index) => this.#boardWords[index * SLOT_WORDS] = word);
    this.#clients = [...clients];
    this.#server = server;
  }

  #steps(): (() => void)[] {
    const steps = this.#clients.flatMap((client, index) =>
      this.#clientSteps(client, this.#rings[index]!, index)
    );
    if (this.#server.isDead) return steps;
    if (this.#world.isMortal) steps.push(() => void (this.#server.isDead = true));
    return [...steps, ...this.#serverSteps(this.#server)];
  }

  #clientSteps(client: ClientState, ring: Ring, index: number): (() => void)[] {
    const { defect, isImpatient = false } = this.#world;
    const state = () => ring.load(SLOT, WORD.state);
    const goTo = (at: string) => () => void (client.at = at);
    const end = (fate: Fate) => {
      client.fates.push(fate);
      client.request++;
      client.at = client.request < this.#world.requests[index]! ? "idle" : "done";
    };
    const impatient = (step: () => void) => isImpatient || this.#server.isDead ? [step] : [];
    switch (client.at) {
      case "idle":
        if (client.isAbandoned && defect !== "asks again before the slot is given back") {
          if (state() !== slots.FREE) return impatient(() => end("refused"));
          return [() => void (client.isAbandoned = false)];
        }
        return [() => {
          const isServers = this.#server.client === index && this.#holds();
          demand(!isServers, "a client fills only slots that the server does not have");
          ring.store(SLOT, WORD.sector, client.request);
          client.at = defect === "rings before it offers" ? "ring" : "offer";
        }];
      case "offer":
        return [() => {
          slots.offer(ring, SLOT);
          client.at = defect === "rings before it offers" ? "waiting" : "ring";
        }];
      case "ring":
        return [() => {
          this.#board.ring();
          client.at = this.#world.byMessage ? "nudge" : "waiting";
          if (defect === "rings before it offers") client.at = "offer";
        }];
      case "nudge":
        return [() => {
          if (this.#board.wantsNudge) this.#server.messages++;
          client.at = "waiting";
        }];
      case "waiting":
        if (state() === slots.ANSWERED) return [goTo("reading")];
        return impatient(goTo("withdrawing"));
      case "withdrawing":
        if (defect === "withdraws in two steps") {
          return [goTo(state() === slots.ASKED ? "freeing" : "abandoning")];
        }
        return [() => slots.withdraw(ring, SLOT) ? end("withdrawn") : goTo("abandoning")()];
      case "freeing":
        return [() => {
          slots.release(ring, SLOT);
          end("withdrawn");
        }];
      case "abandoning":
        return [() => {
          if (!slots.abandon(ring, SLOT)) return goTo("reading")();
          client.isAbandoned = true;
          end("abandoned");
        }];
      case "reading":
        return [() => {
          demand(state() === slots.ANSWERED, "what cannot be given up was answered");
          const answered = ring.load(SLOT, WORD.size);
          demand(answered === client.request, "an answer is that of the request");
          slots.release(ring, SLOT);
          end("succeeded");
        }];
      default:
        return [];
    }
  }

  #holds(): boolean {
    return ["reading", "performing", "answering", "settling", "giving back"]
      .includes(this.#server.at);
  }

  #serverSteps(server: ServerState): (() => void)[] {
    const { defect, byMessage = false } = this.#world;
    const ring = this.#rings[server.client]!;
    const goTo = (at: string) => () => void (server.at = at);
    const readBell = () => void (server.bell = this.#board.bell);
    const isLate = defect === "looks before it reads the bell";
    switch (server.at) {
      case "top":
        return [() => {
          if (!isLate) readBell();
          server.at = "looking";
        }];
      case "looking": {
        const asked = this.#rings.findIndex((each) => each.load(SLOT, WORD.state) === slots.ASKED);
        if (asked === -1) return [goTo(isLate ? "reading the bell" : "lying down")];
        return [() => {
          server.client = asked;
          server.at = "taking";
        }];
      }
      case "reading the bell":
        return [() => {
          readBell();
          server.at = "lying down";
        }];
      case "taking":
        return [() => goTo(slots.take(ring, SLOT) ? "reading" : "top")()];
      case "reading":
        return [() => {
          server.request = ring.load(SLOT, WORD.sector);
          server.at = "performing";
        }];
      case "performing":
        return [() => this.#perform(server)];
      case "answering":
        return [() => {
          ring.store(SLOT, WORD.size, server.request);
          server.at = "settling";
        }];
      case "settling":
        if (defect === "answers without asking whether it is wanted") {
          return [() => {
            ring.store(SLOT, WORD.state, slots.ANSWERED);
            server.at = "top";
          }];
        }
        return [() => goTo(slots.answer(ring, SLOT) ? "top" : "giving back")()];
      case "giving back":
        return [() => {
          slots.giveBack(ring, SLOT);
          server.at = "top";
        }];
      default:
        return byMessage ? this.#sleepByMessage(server) : this.#sleepByBell(server);
    }
  }

  #sleepByBell(server: ServerState): (() => void)[] {
    return this.#board.bell === server.bell ? [] : [() => void (server.at = "top")];
  }

  #sleepByMessage(server: ServerState): (() => void)[] {
    const isLate = this.#world.defect === "says that it wants a message after its last look";
    const wake = () => {
      this.#board.wantsNudge = false;
      server.at = "top";
    };
    const look = (next: string) => () =>
      this.#board.bell === server.bell ? void (server.at = next) : wake();
    const say = (next: string) => () => {
      this.#board.wantsNudge = true;
      server.at = next;
    };
    if (server.at === "lying down") return [isLate ? look("saying") : say("last look")];
    if (server.at === "last look") return [look("asleep")];
    if (server.at === "saying") return [say("asleep")];
    return server.messages === 0 ? [] : [() => {
      server.messages--;
      wake();
    }];
  }

  #perform(server: ServerState): void {
    const { fates } = this.#clients[server.client]!;
    const effects = server.effects[server.client]!;
    const later = fates.slice(server.request + 1);
    demand(fates[server.request] !== "withdrawn", "what was withdrawn is not done");
    demand(!later.includes("succeeded"), "nothing given up is done after a later success");
    demand(!effects.includes(server.request), "nothing is done twice");
    effects.push(server.request);
    server.at = "answering";
  }

  #checkEnd(): void {
    for (const [index, client] of this.#clients.entries()) {
      demand(client.at === "done", "nobody waits for ever");
      for (const [request, fate] of client.fates.entries()) {
        const isDone = this.#server.effects[index]!.includes(request);
        demand(fate !== "succeeded" || isDone, "what has succeeded was done");
        demand(fate !== "refused" || !isDone, "what was not asked is not done");
      }
      if (this.#server.isDead) continue;
      const state = this.#rings[index]!.load(SLOT, WORD.state);
      demand(state === slots.FREE, "in the end every slot is the client's");
    }
  }
}
