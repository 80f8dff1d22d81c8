/** The value of one series on a page of metrics, its labels in the order of the page; NaN when it is not there. */
export function valueOf(page: string, series: string): number {
  const line = page.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.slice(series.length));
}
