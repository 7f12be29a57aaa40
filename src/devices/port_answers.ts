/**
 * The answering end of a port: requests are begun in the order in which they come, and answered as
 * they end.
 *
 * Bytes of an answer are handed over, unless they lie in memory that both ends see. Once closed, the
 * port stays until everything that was asked is answered.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { packError, type PortError, type PortProbe } from "./port_protocol.ts";

/** What may be in any answer. */
interface Answered {
  readonly bytes?: Uint8Array;
  readonly error?: PortError;
}

/** The answering end of a port. */
export class PortAnswers<
  Request extends { readonly id: number },
  Told extends { readonly id?: never } = never,
> {
  readonly #port: MessagePort;
  readonly #answer: (request: Request) => Promise<Answered>;
  #underWayCount = 0;
  #isClosing = false;

  /**
   * The answering end of a port.
   *
   * @param port The port.
   * @param answer What a request is answered with.
   * @param hear Told what has no number, and is not answered.
   */
  constructor(
    port: MessagePort,
    answer: (request: Request) => Promise<Answered>,
    hear: (told: Told) => void = () => {},
  ) {
    this.#port = port;
    this.#answer = answer;
    port.onmessage = ({ data: said }: MessageEvent<Request | Told | PortProbe>) => {
      if ("memory" in said) this.tell({ isShared: true });
      else if (said.id === undefined) hear(said as Told);
      else void this.#perform(said as Request);
    };
  }

  /**
   * Tells something that was not asked.
   *
   * @param said What is told.
   */
  tell(said: object): void {
    this.#port.postMessage(said);
  }

  /** Closes the port, once everything is answered. */
  close(): void {
    this.#isClosing = true;
    this.#closeIfDone();
  }

  async #perform(request: Request): Promise<void> {
    this.#underWayCount++;
    const { id } = request;
    const answer = await this.#answer(request).catch((error) => ({ error: packError(error) }));
    const buffer = "bytes" in answer ? answer.bytes?.buffer : undefined;
    this.#port.postMessage({ ...answer, id }, buffer instanceof ArrayBuffer ? [buffer] : []);
    this.#underWayCount--;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#isClosing && this.#underWayCount === 0) this.#port.close();
  }
}
