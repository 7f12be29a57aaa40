/**
 * A page that is reloaded while it writes, and writes on.
 *
 * The page tells every round that is durable by a message with its number.
 */

/**
 * Opens a page in a frame, reloads it in the middle of its writing, and closes it a few rounds later.
 *
 * @param url The page.
 * @returns The last round that it said was durable.
 */
export async function writeInReloadedPage(url: string): Promise<number> {
  const page = document.createElement("iframe");
  let acknowledged = 0;
  let wake = () => {};
  const listen = ({ data: round, source }: MessageEvent<number>) => {
    if (source !== page.contentWindow) return;
    acknowledged = round;
    wake();
  };
  addEventListener("message", listen);
  const until = async (round: number) => {
    while (acknowledged < round) await new Promise<void>((resolve) => wake = resolve);
  };
  page.src = url;
  document.body.append(page);
  await until(2);
  page.contentWindow!.location.reload();
  await until(acknowledged + 3);
  page.remove();
  removeEventListener("message", listen);
  return acknowledged;
}
