/**
 * Ports as they are in browsers that do not tell of an end that is gone.
 */

/**
 * Lets no port tell, while something is begun.
 *
 * @param begin What is done. Ports that it listens to never tell.
 */
export async function withSilentPorts<Result>(begin: () => Promise<Result>): Promise<Result> {
  const { addEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (kind, ...rest) {
    if (kind === "close" && this instanceof MessagePort) return;
    addEventListener.call(this, kind, ...rest);
  };
  try {
    return await begin();
  } finally {
    EventTarget.prototype.addEventListener = addEventListener;
  }
}
