/**
 * The metrics of one Muster in a registry of their own, filled when they are scraped. A server that
 * has metrics already may give its registry, and serve ours with its own.
 */
import type { FigureHistogram, Muster, MusterFigures } from "@muster/core";
import { Counter, Gauge, type Histogram, Registry } from "prom-client";
import { catalogue, type Metric } from "./catalogue.ts";

export interface MetricsOptions {
  /** Adds metrics with a label for each app. @defaultValue false */
  readonly perApp?: boolean;
  /** Where the metrics are registered, too. One Muster to a registry. */
  readonly registry?: Registry;
}

export interface Metrics {
  /** Content type of {@link Metrics.text}. */
  readonly contentType: string;
  /** All metrics in Prometheus' text format, read now. */
  text(): Promise<string>;
}

/** A histogram whose counts are kept elsewhere; as much of one as a registry asks for. */
const readHistogram = (name: string, help: string, read: () => FigureHistogram): Histogram => {
  const get = async () => {
    const { buckets, count, sumMs } = read();
    const below = buckets.map((bucket) => ({ le: bucket.upToMs / 1_000, value: bucket.count }));
    return {
      name,
      help,
      type: "histogram",
      aggregator: "sum",
      values: [
        ...[...below, { le: "+Inf", value: count }].map(({ le, value }) => ({
          metricName: `${name}_bucket`,
          labels: { le },
          value,
        })),
        { metricName: `${name}_sum`, labels: {}, value: sumMs / 1_000 },
        { metricName: `${name}_count`, labels: {}, value: count },
      ],
    };
  };
  return { name, help, get } as unknown as Histogram;
};

/** All metrics of a scrape are of one reading. */
const readOnce = (muster: Muster): (() => MusterFigures) => {
  let read: MusterFigures | undefined;
  return () => {
    if (!read) {
      read = muster.figures();
      setImmediate(() => {
        read = undefined;
      });
    }
    return read;
  };
};

const made = (metric: Metric, figures: () => MusterFigures) => {
  const { name, help } = metric;
  if (metric.type === "histogram") {
    return readHistogram(name, help, () => metric.read(figures()));
  }
  const config = { name, help, labelNames: [...metric.labels], registers: [] };
  if (metric.type === "gauge") {
    return new Gauge({
      ...config,
      collect() {
        this.reset();
        // One without labels would else show 0 where nothing is known.
        if (metric.labels.length === 0) this.remove();
        for (const { labels = {}, value } of metric.read(figures())) this.set(labels, value);
      },
    });
  }
  return new Counter({
    ...config,
    collect() {
      this.reset();
      for (const { labels = {}, value } of metric.read(figures())) this.inc(labels, value);
    },
  });
};

/**
 * Makes the metrics of a Muster, for a route of your own; `createHttp` serves them at `/metrics`.
 * @throws Error when the registry given has metrics of these names already
 */
export const createMetrics = (muster: Muster, options: MetricsOptions = {}): Metrics => {
  const own = new Registry();
  const figures = readOnce(muster);
  for (const metric of catalogue) {
    if ("perApp" in metric && metric.perApp && !options.perApp) continue;
    const instrument = made(metric, figures);
    own.registerMetric(instrument as Gauge);
    options.registry?.registerMetric(instrument as Gauge);
  }
  return { contentType: own.contentType, text: () => own.metrics() };
};
