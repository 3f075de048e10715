// What runs, what it costs, and what was spent: a strip at the foot of every view.
import { useEffect, useState } from "preact/hooks";
import type { Running } from "../api";
import { Button } from "../icons";
import { jobs, refresh, say, server, trying } from "../state";
import { money, t } from "../words";

const PER: Record<string, "perHour" | "perDay" | "perWeek" | "perMonth"> = { hour: "perHour", day: "perDay", week: "perWeek", month: "perMonth" };

export function Jobs() {
  const now = jobs.value;
  const [, tick] = useState(0);
  const busy = !!now?.running.length;
  useEffect(() => {
    if (!busy) return;
    const timer = setInterval(() => {
      tick((n) => n + 1);
      void trying(refresh);
    }, 1000);
    return () => clearInterval(timer);
  }, [busy]);
  if (!now) return null;
  const budget = now.budget_usd === null ? "" : t("budget", { usd: money(now.budget_usd), window: t(PER[now.budget_window] ?? "perMonth") });
  return (
    <footer class="jobs">
      <ul>{now.running.map((one) => <Job key={one.job} job={one} />)}</ul>
      <p class="money">
        <span>{t("today", { usd: money(now.today_usd) })} {budget}</span>
        <span>{t("month", { usd: money(now.month_usd) })}</span>
      </p>
    </footer>
  );
}

function Job({ job }: { job: Running }) {
  const stop = async () => {
    if (await trying(() => server.value.cancel(job.job))) say(t("stopped"));
    void trying(refresh);
  };
  return (
    <li>
      {job.look ? <img src={job.look} alt="" /> : null}
      <progress {...(job.usual ? { value: Math.min(job.elapsed, job.usual), max: job.usual } : {})} aria-label={job.prompt} />
      <span class="grow" dir="auto">{job.prompt}</span>
      <span>{Math.round(job.elapsed)} s{job.usual ? ` · ${t("usual", { n: Math.round(job.usual) })}` : ""}</span>
      {job.sent ? null : <Button icon="close" label={t("stop")} act={() => void stop()} />}
    </li>
  );
}
