// Lines of text that nobody can read: cut by a box that does not scroll, outside the page, or on top of one another.
() => {
  const found = [], lines = [];
  const scrolls = style => /auto|scroll/.test(style.overflowX);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim() || !node.parentElement.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      let {left, right} = rect, held = false;
      for (let box = node.parentElement; box; box = box.parentElement) {
        const style = getComputedStyle(box), edge = box.getBoundingClientRect();
        if (style.overflowX === "visible" || box === document.documentElement) continue;
        if (scrolls(style)) { held = true; left = Math.max(left, edge.left); right = Math.min(right, edge.right); }
        else if (right > edge.right + 2 || left < edge.left - 2) found.push(`cut: ${node.data.trim().slice(0, 80)}`);
      }
      if (!held && (right > innerWidth + 1 || left < -1)) found.push(`outside: ${node.data.trim().slice(0, 80)}`);
      if (right - left > 3) lines.push({left, right, top: rect.top, bottom: rect.bottom, node});
    }
  }
  lines.sort((a, b) => a.top - b.top);
  lines.forEach((a, i) => {
    for (let k = i + 1; k < lines.length && lines[k].top < a.bottom - 5; k++) { // lines of one text may be close
      const b = lines[k];
      if (a.node !== b.node && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 3 && b.bottom > a.top + 5)
        found.push(`covered: ${a.node.data.trim().slice(0, 40)} | ${b.node.data.trim().slice(0, 40)}`);
    }
  });
  return found;
}
