/* What report/packing.py wrote, read back: lines as [latitude, longitude], and packed values. */

/* Google's polyline encoding, 1e-5 degrees. */
function decodedLine(line) {
  const places = [];
  let lat = 0, lon = 0, at = 0;
  const next = () => {
    let value = 0, shift = 0, part;
    do { part = line.charCodeAt(at++) - 63; value |= (part & 31) << shift; shift += 5; } while (part >= 32);
    return value & 1 ? ~(value >> 1) : value >> 1;
  };
  while (at < line.length) {
    lat += next();
    lon += next();
    places.push([lat / 1e5, lon / 1e5]);
  }
  return places;
}
const decodedLines = (lines) => (lines || []).map(decodedLine);

/* JSON in zlib's format in base64; a promise, since a browser inflates beside the page's own work. */
function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
}

/* All that is shown of a chosen run: hillslopes as objects with their rings, figures of channels by order. Kept. */
async function detailsOf(run) {
  if (!run.z) return { parts: [], channels: {} };
  if (!run.details) {
    const { rings, values, channels } = await unpacked(run.z);
    for (const [name, numbers] of [["land", run.l], ["texture", run.t]]) {
      if (values[name]) values[name] = values[name].map((own) => own === null ? null : numbers[own]);
    }
    const columns = Object.entries(values);
    run.details = {
      parts: rings.map((own, at) => Object.fromEntries([["rings", own], ...columns.map(([name, column]) => [name, column[at]])])),
      channels,
    };
  }
  return run.details;
}
