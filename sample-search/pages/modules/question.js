// What the user asks for: the same as an object, as this page's address, and as a query.

/** Ranges of the population facet; the keys are those of app.yaml. */
export const POPULATION = {
  under10k: { label: "under 10,000", gte: 1, lt: 10_000 },
  "10k-100k": { label: "10,000 – 100,000", gte: 10_000, lt: 100_000 },
  "100k-1m": { label: "100,000 – 1 million", gte: 100_000, lt: 1_000_000 },
  "1m-10m": { label: "1 – 10 million", gte: 1_000_000, lt: 10_000_000 },
  over10m: { label: "over 10 million", gte: 10_000_000 },
};

/** The facets, by the name of their aggregation; `clause` filters by one of their keys. */
export const FACETS = {
  type: { title: "Type", clause: (key) => ({ term: { type: key } }), label: (key) => key },
  decade: { title: "Decade", clause: (key) => ({ term: { decade: key } }), label: (key) => key },
  population: {
    title: "Population",
    clause: (key) => {
      const { label, ...range } = POPULATION[key];
      return { range: { population: range } };
    },
    label: (key) => POPULATION[key].label,
  },
};

const known = (facet, key) => facet !== "population" || key in POPULATION;

/** From an address' search part. */
export function fromAddress(search) {
  const parameters = new URLSearchParams(search);
  const filters = {};
  for (const facet of Object.keys(FACETS)) {
    filters[facet] = new Set(parameters.getAll(facet).filter((key) => known(facet, key)));
  }
  return { text: (parameters.get("q") ?? "").trim().slice(0, 200), filters };
}

/** As an address of this page. */
export function toAddress({ text, filters }) {
  const parameters = new URLSearchParams();
  if (text) parameters.set("q", text);
  for (const [facet, keys] of Object.entries(filters)) {
    for (const key of keys) parameters.append(facet, key);
  }
  const search = parameters.toString();
  return location.pathname + (search ? `?${search}` : "");
}

export const noFilters = () => Object.fromEntries(Object.keys(FACETS).map((facet) => [facet, new Set()]));

export const isFiltered = ({ filters }) => Object.values(filters).some((keys) => keys.size > 0);

/** The query's text and filter; `without` leaves one facet's filter out. */
export function toQuery({ text, filters }, without) {
  const groups = Object.entries(filters)
    .filter(([facet, keys]) => keys.size > 0 && facet !== without)
    .map(([facet, keys]) => {
      const clauses = [...keys].map(FACETS[facet].clause);
      return clauses.length === 1 ? clauses[0] : { bool: { should: clauses } };
    });
  const query = { query: clause(text) };
  if (groups.length === 1) query.filter = groups[0];
  else if (groups.length > 1) query.filter = { bool: { filter: groups } };
  return query;
}

/** Any of the words; what stands in quotes must be there as it stands. */
function clause(text) {
  const phrases = [...text.matchAll(/["“”]([^"“”]+)["“”]/g)].map((match) => match[1].trim()).filter(Boolean);
  if (phrases.length === 0) return text.replace(/["“”]/g, " ").trim() ? text : { all: {} };
  const must = phrases.map((phrase) => ({ phrase: { text: phrase } }));
  const rest = text.replace(/["“”][^"“”]*["“”]/g, " ").replace(/["“”]/g, " ").trim();
  if (must.length === 1 && !rest) return must[0];
  return { bool: { must, should: rest ? [{ match: { text: rest } }] : [] } };
}
