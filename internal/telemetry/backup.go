package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// backups are what is known of the copies of the store.
type backups struct {
	made   *prometheus.GaugeVec
	failed prometheus.Counter
}

func (m *Metrics) makeBackups() {
	m.backups = backups{
		made:   m.gauges("richiamo_backup_timestamp_seconds", "When the newest backup was begun, in seconds since 1970; 0 while there is none, absent where none are to be made."),
		failed: m.counters("richiamo_backups_failed_total", "Backups that could not be made.").WithLabelValues(),
	}
}

// BackupMade tells when the newest backup was begun; the zero time: there is none.
func (m *Metrics) BackupMade(at time.Time) {
	seconds := 0.0
	if !at.IsZero() {
		seconds = float64(at.UnixMilli()) / 1000
	}
	m.backups.made.WithLabelValues().Set(seconds)
}

// BackupFailed counts a backup that could not be made.
func (m *Metrics) BackupFailed() { m.backups.failed.Inc() }
