// CSV as it comes, piece by piece.

const PLAIN = /[^,\r\n]*/y;

/** `row(cells)` is called for each; once it gives false, no more are. */
export function csv(row) {
  let text = "", cells = [], at = 0, isStopped = false;

  function finish() {
    const done = cells;
    cells = [];
    if (done.length === 1 && done[0] === "") return; // an empty line
    if (row(done) === false) isStopped = true;
  }

  /** Takes cells from `at` on; one that may go on in the next piece waits, unless this is the last. */
  function take(isLast) {
    while (at < text.length && !isStopped) {
      const found = text[at] === '"' ? quoted(isLast) : plain(isLast);
      if (!found) break;
      const { cell, end } = found;
      const mark = text[end];
      if (mark === "\r" && end + 1 === text.length && !isLast) break;
      cells.push(cell);
      at = end + (mark === "\r" && text[end + 1] === "\n" ? 2 : 1);
      if (mark === "," && at >= text.length && isLast) cells.push("");
      if (mark !== ",") finish();
    }
    text = text.slice(at);
    at = 0;
  }

  function plain(isLast) {
    PLAIN.lastIndex = at;
    const cell = PLAIN.exec(text)[0], end = at + cell.length;
    return end < text.length || isLast ? { cell, end } : null;
  }

  function quoted(isLast) {
    for (let end = at + 1; ; end += 2) {
      end = text.indexOf('"', end);
      if (end < 0) return isLast ? { cell: text.slice(at + 1), end: text.length } : null;
      if (end + 1 === text.length && !isLast) return null;
      if (text[end + 1] !== '"') return { cell: text.slice(at + 1, end).replaceAll('""', '"'), end: end + 1 };
    }
  }

  return {
    push(piece) {
      text += piece;
      take(false);
      return !isStopped;
    },
    end() {
      take(true);
      if (cells.length && !isStopped) finish();
    },
    get isStopped() {
      return isStopped;
    },
  };
}
