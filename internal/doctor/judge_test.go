package doctor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"richiamo/internal/app"
	"richiamo/internal/config"
)

// What no server can be made to say is judged here.
func TestJudgements(t *testing.T) {
	t.Parallel()
	three := app.MadeBackups{N: 3, Newest: time.Unix(1, 0), Size: 500 << 20}
	for _, c := range []struct {
		name string
		look func(*examination)
		want Level
	}{
		{"clocks together", func(e *examination) { e.clock(30 * time.Millisecond) }, OK},
		{"clocks apart", func(e *examination) { e.clock(2100 * time.Millisecond) }, Fail},
		{"room on the disk", func(e *examination) { e.space("/data", 69, 5_000) }, OK},
		{"a large disk", func(e *examination) { e.space("/data", 90, 80_000) }, OK},
		{"little room on the disk", func(e *examination) { e.space("/data", 70, 5_000) }, Warn},
		{"no room on the disk", func(e *examination) { e.space("/data", 60, 511) }, Fail},
		{"no backup yet", func(e *examination) { e.newestBackup(app.MadeBackups{}, time.Hour, false) }, OK},
		{"no backup of a service that runs", func(e *examination) { e.newestBackup(app.MadeBackups{}, time.Hour, true) }, Fail},
		{"a new backup", func(e *examination) { e.newestBackup(three, 90*time.Minute, true) }, OK},
		{"an old backup", func(e *examination) { e.newestBackup(three, 3*time.Hour, true) }, Fail},
		{"an old backup of a service that rests", func(e *examination) { e.newestBackup(three, 99*time.Hour, false) }, OK},
		{"backups of tomorrow", func(e *examination) { e.newestBackup(app.MadeBackups{N: 3}, time.Hour, false) }, Fail},
		{"room for a backup", func(e *examination) { e.roomForBackup(three, 501) }, OK},
		{"no room for a backup", func(e *examination) { e.roomForBackup(three, 500) }, Fail},
		{"a secure Asterisk", func(e *examination) { e.version("22.10.1+dfsg+~cs6.17.60671434-1") }, OK},
		{"the next Asterisk", func(e *examination) { e.version("23.0.0-rc1") }, OK},
		{"an Asterisk with holes", func(e *examination) { e.version("22.9.3") }, Warn},
		{"an old Asterisk", func(e *examination) { e.version("20.6.0~dfsg") }, Warn},
		{"an Asterisk without what is used", func(e *examination) { e.version("18.26.4") }, Fail},
		{"no version at all", func(e *examination) { e.version("GIT-master-0af1") }, Fail},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := &examination{tell: func(Finding) {}, cfg: &config.Config{Backup: config.Backup{Every: time.Hour}}}
			c.look(e)
			assert.Equal(t, c.want, Worst(e.findings))
			assert.Equal(t, c.want != OK, e.findings[0].Cure != "", "whatever is wrong has its cure")
		})
	}
}

func TestFindingIsOneLine(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "ok   clock: right", Finding{Name: "clock", Detail: "right"}.String())
	assert.Equal(t, "WARN trunk: it is off; switch it on", Finding{Warn, "trunk", "it is\noff", "switch it on"}.String())
	assert.Equal(t, "FAIL redis: gone; start it", Finding{Fail, "redis", "gone", "start it"}.String())
}
