/**
 * Calls over a port: each has a number, and gets one answer with it, in any order.
 *
 * What comes without a number is a notice, and goes to whoever listens. Everything that is sent
 * arrives in the order in which it was sent: so whoever wants two things in order asks on one port.
 *
 * | then | calls under way, and later ones |
 * |---|---|
 * | the port is closed from the other side, where the runtime tells | `ENODEV` |
 * | an answer cannot be read | `ENODEV` |
 * | `end`: somebody knows that there is nobody at the other end any more | `ENODEV` |
 * | `close` | are answered first; later ones are `ENODEV` |
 *
 * This module is browser compatible.
 *
 * @module
 */

import { BlockDeviceError } from "../block/errors.ts";
import { type PortError, type PortProbe, unpackError } from "./port_protocol.ts";
import { newPostableMemory, SharedRing } from "./shared_ring.ts";

/** What comes over a port: an answer, or a notice when it has no number. */
export interface Heard {
  readonly id?: number;
  readonly error?: PortError;
  /** The answer to a probe. */
  readonly isShared?: true;
}

/** Who is told what was not asked for. */
export interface PortEars<Answer> {
  /** Told of notices, and of every answer before whoever asked. */
  readonly heard?: (answer: Answer) => void;
  /** Told, once, that the port is closed, for whatever reason. */
  readonly closed?: () => void;
}

interface Waiter<Answer> {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** The calling end of a port. */
export class PortCalls<Asked extends object, Answer extends Heard> {
  /** Who is called, for messages. */
  readonly name: string;
  readonly #port: MessagePort;
  readonly #ears: PortEars<Answer>;
  readonly #waiters = new Map<number, Waiter<Answer>>();
  #callCount = 0;
  #ring: SharedRing | undefined;
  /** Whether the other end has said that it sees memory of ours. */
  #isShared = false;
  #end: BlockDeviceError | undefined;
  /** What is said last; `undefined` as long as nobody wants to close. */
  #lastWord: object | null | undefined;
  #isClosed = false;

  /**
   * The calling end of a port.
   *
   * @param port The port.
   * @param name Who is called, for messages.
   * @param ears Who is told what was not asked for.
   */
  constructor(port: MessagePort, name: string, ears: PortEars<Answer> = {}) {
    this.name = name;
    this.#port = port;
    this.#ears = ears;
    port.onmessage = ({ data: heard }: MessageEvent<Answer>) => this.#heard(heard);
    port.addEventListener("close", () => this.end("its thread has ended"));
    port.onmessageerror = () => this.end("an answer could not be read");
    // An end in another process cannot read it, and says nothing.
    const memory = newPostableMemory();
    if (memory !== null) this.tell({ memory } satisfies PortProbe);
  }

  /** Why there is nobody at the other end; `undefined` as long as there is. */
  get ending(): BlockDeviceError | undefined {
    return this.#end;
  }

  /**
   * Memory that both ends see, made when it is first wanted; `null` where memory cannot be shared, and
   * until that is known.
   */
  get ring(): SharedRing | null {
    return this.#isShared ? this.#ring ??= new SharedRing() : null;
  }

  /**
   * Calls.
   *
   * @param asked What is asked.
   * @param handedOver What of it is the other end's from now on.
   * @returns The answer.
   * @throws What the answer says that went wrong.
   */
  ask(asked: Asked, handedOver: Transferable[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      const id = this.#callCount++;
      this.#port.postMessage({ ...asked, id }, handedOver);
      this.#waiters.set(id, { resolve, reject });
    });
  }

  /**
   * Tells something that is not answered.
   *
   * @param said What is told.
   */
  tell(said: object): void {
    this.#port.postMessage(said);
  }

  /**
   * Refuses everything from now on: nobody answers any more.
   *
   * @param why The end of the sentence "Cannot use …".
   */
  end(why: string): void {
    this.#end ??= this.#refusal(why);
    for (const waiter of this.#waiters.values()) waiter.reject(this.#end);
    this.#waiters.clear();
    this.#closePort();
  }

  /**
   * Closes the port as soon as all calls are answered.
   *
   * @param lastWord What is told before.
   */
  close(lastWord: object | null = null): void {
    this.#lastWord = lastWord;
    this.#closeIfDone();
  }

  #heard(heard: Answer): void {
    if (heard.isShared) this.#isShared = true;
    this.#ears.heard?.(heard);
    if (heard.id === undefined) return;
    const waiter = this.#waiters.get(heard.id);
    this.#waiters.delete(heard.id);
    if (heard.error === undefined) waiter?.resolve(heard);
    else waiter?.reject(unpackError(heard.error));
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#lastWord === undefined || this.#waiters.size > 0 || this.#isClosed) return;
    this.#end ??= this.#refusal("its port is closed");
    if (this.#lastWord !== null) this.tell(this.#lastWord);
    this.#closePort();
  }

  #refusal(why: string): BlockDeviceError {
    const { name: device } = this;
    return new BlockDeviceError("ENODEV", `Cannot use "${device}": ${why}`, { device });
  }

  #closePort(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#port.close();
    this.#ears.closed?.();
  }
}
