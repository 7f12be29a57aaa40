import { expect, test } from "vitest";
import { parseDeviceUri } from "../../../../src/cli/view/device_uri.ts";

test.for(
  [
    ["disk.img", { kind: "file", path: "disk.img" }],
    ["./odd:name", { kind: "file", path: "./odd:name" }],
    ["/srv/disk.img", { kind: "file", path: "/srv/disk.img" }],
    ["C", { kind: "file", path: "C" }],
    ["file:disk%20one.img", { kind: "file", path: "disk one.img" }],
    ["file:c%2B%2B.img", { kind: "file", path: "c++.img" }],
    ["file:///srv/disk.img", { kind: "file", path: "/srv/disk.img" }],
    ["FILE:disk.img", { kind: "file", path: "disk.img" }],
    ["mem:64M", { kind: "memory", sectorCount: 131072 }],
    ["http://localhost:8/disk.img", { kind: "http", url: "http://localhost:8/disk.img" }],
    ["https://x/disk.img?a=b", { kind: "http", url: "https://x/disk.img?a=b" }],
  ] as const,
)("%s", ([word, uri]) => expect(parseDeviceUri(word)).toEqual(uri));

test.for(
  [
    ["", /want a file/],
    ["mem:", /want mem:SIZE/],
    ["mem:0", /want mem:SIZE/],
    ["mem:513", /multiple of 512/],
    ["mem:9999999P", /want mem:SIZE/],
    ["nbd:disk", /no devices by nbd:, a file of that name is \.\/nbd:disk/],
    ["file:%zz", /percent-encoded/],
    ["file://elsewhere/disk.img", /want file:PATH/],
    ["http://", /it is no URL/],
  ] as const,
)("what is none of these is refused, with what is wanted: %s", ([word, sentence]) => {
  expect(() => parseDeviceUri(word)).toThrow(sentence);
  expect(() => parseDeviceUri(word)).toThrow(expect.objectContaining({ exitCode: 2 }));
});
