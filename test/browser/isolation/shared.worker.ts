/// <reference lib="dom" />
/** Writes into the memory that it is given. */
self.onmessage = ({ data: shared }: MessageEvent<Int32Array>) => {
  shared[0] = 7;
  postMessage("written");
};
