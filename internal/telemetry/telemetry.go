// Package telemetry is what the operator of the service sees of it: a log on
// standard error and metrics for Prometheus.
//
//	log := telemetry.NewLogger(os.Stderr, "info", "text")
//	metrics := telemetry.NewMetrics(version)
//	http.Handle("/metrics", metrics.Handler())
//
// Both are built so that no personal data can get out by mistake. Types that
// hold a codice fiscale, a number or a name already print masked; here stands
// the second wall, for a plain string that slipped through:
//
//   - An attribute of the log passes as text only under a key that is on the
//     list of log.go, or from a type that has its own LogValue. Whoever needs
//     another key adds it there, after asking what can be in it.
//   - Whatever passes, message and error included, is searched for what looks
//     like a codice fiscale or a telephone number, which is replaced by ***.
//   - The value of a metric's label must be a short word without such a thing;
//     anything else is counted as "other".
//
// Metrics is handed to those who have something to tell; each of them declares
// the two or three methods that it calls as an interface of its own.
package telemetry
