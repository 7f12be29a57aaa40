/// <reference lib="dom" />
/** The device suite, run in a worker of its own: what a test file needs to name its laws. */
import type { SuiteOrder } from "./suite.worker.ts";

/** Two workers that prove one kind of disk. */
export class SuiteClient {
  /** What is to be proved. */
  readonly laws: readonly string[];
  readonly #suite: Worker;
  readonly #io: Worker;

  private constructor(laws: readonly string[], suite: Worker, io: Worker) {
    this.laws = laws;
    this.#suite = suite;
    this.#io = io;
  }

  /** Sets two workers to it: one that runs the suite and blocks, and one with the disks. */
  static async start(
    suite: Worker,
    io: Worker,
    order: Omit<SuiteOrder, "io">,
  ): Promise<SuiteClient> {
    const { port1, port2 } = new MessageChannel();
    io.postMessage(port1, [port1]);
    suite.postMessage({ ...order, io: port2 }, [port2]);
    const { laws } = await SuiteClient.#heard(suite);
    return new SuiteClient(laws!, suite, io);
  }

  /** Tries a law. Returns how it was broken. */
  async try(law: string): Promise<string | undefined> {
    const answer = SuiteClient.#heard(this.#suite);
    this.#suite.postMessage(law);
    return (await answer).failure;
  }

  /** Ends both workers. */
  end(): void {
    this.#suite.terminate();
    this.#io.terminate();
  }

  static #heard(worker: Worker): Promise<{ laws?: string[]; failure?: string }> {
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data: said }) => resolve(said);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
  }
}
