package config

import (
	"crypto/sha256"
	"crypto/subtle"

	"golang.org/x/crypto/bcrypt"
)

// How dear one guess at an agent's password is, as a power of two: a quarter of a second
// here, for whoever has stolen the file too. A hash that is cheaper is refused.
const (
	passwordCost    = 12
	passwordMinCost = 10
)

// MinPassword and MaxPassword bound the bytes of an agent's password. The hash takes no
// notice of what is beyond 72.
const (
	MinPassword = 10
	MaxPassword = 72
)

// HashPassword makes the hash of a password that `password_hash` takes.
func HashPassword(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), passwordCost)
	return string(hash), err
}

// SignsIn tells whether the agent may sign in at the page.
func (a Agent) SignsIn() bool { return a.Password != "" || a.PasswordHash != "" }

// Opens tells whether a password is the agent's. It takes about as long for an agent who
// has none, or for none at all.
func (a Agent) Opens(password string) bool {
	if a.Password != "" {
		given, own := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(a.Password))
		return subtle.ConstantTimeCompare(given[:], own[:]) == 1
	}
	hash := a.PasswordHash
	if hash == "" {
		hash = nobodys
	}
	return bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil && a.PasswordHash != ""
}

// nobodys is the hash of a password that was drawn and forgotten.
const nobodys Secret = "$2a$12$4xRNe2bub/GltoTeJe9yDuEXTHwllnUy7iNfWrT3dqsum/vQnbOJW"

// Stamp changes with the agent's password: what was opened with the old one is not with
// the new one.
func (a Agent) Stamp() [sha256.Size]byte {
	return sha256.Sum256([]byte("password\x00" + string(a.Password) + "\x00" + string(a.PasswordHash)))
}

// checkAccount finds what is wrong with an agent's password.
func (d *decoder) checkAccount(key string, a Agent) {
	cost, err := bcrypt.Cost([]byte(a.PasswordHash))
	switch {
	case a.Password != "" && a.PasswordHash != "":
		d.note(key+".password", "cannot be together with password_hash; remove password")
	case a.Password != "" && (len(a.Password) < MinPassword || len(a.Password) > MaxPassword):
		d.note(key+".password", "must have %d to %d characters", MinPassword, MaxPassword)
	case a.PasswordHash != "" && err != nil:
		d.note(key+".password_hash", "is no hash; make one with `richiamo agent password`")
	case a.PasswordHash != "" && cost < passwordMinCost:
		d.note(key+".password_hash", "is guessed too cheaply (cost %d, at least %d); make one with `richiamo agent password`", cost, passwordMinCost)
	}
}
