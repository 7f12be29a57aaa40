/** A home of disks in this very thread: what is said goes through ports all the same. */
import { serveDisks } from "../../../../src/disk/remote/disk_server.ts";

/** What stands for the worker, and ends it. */
export interface Home extends Disposable {
  readonly worker: MessagePort;
}

/** Opens a home. */
export function openHome(): Home {
  const { port1: worker, port2: scope } = new MessageChannel();
  serveDisks(scope);
  return { worker, [Symbol.dispose]: () => worker.close() };
}
