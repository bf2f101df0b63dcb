package fiscalcode

import "strconv"

// Reason says why a text is not a code. Its value is the text that reports show.
type Reason string

// The reasons, in the order in which Parse looks for them.
const (
	Empty          Reason = "nothing given"
	WrongLength    Reason = "wrong length"                // neither 16 nor 11 characters
	WrongCharacter Reason = "wrong character"             // a character that cannot stand at its place
	CheckWrong     Reason = "check character wrong"       // the last character does not fit the others
	NamePattern    Reason = "impossible letters of names" // surname or given name cannot give these letters
	ImpossibleDate Reason = "impossible date of birth"    // no such day in any century
	PlaceUnknown   Reason = "place of birth unknown"      // no comune or foreign state, of today or ceased, has this code
	RegionUnknown  Reason = "region unknown"              // STP, ENI: no region has this number
	NeverIssued    Reason = "never issued"                // eleven zeros
)

// Rejection is the error of Parse. It holds no part of the text that was
// rejected, so it may be logged and shown.
type Rejection struct {
	Reason Reason
	At     int // for WrongCharacter: the character's position, counted from 1; otherwise 0
}

// Error gives the reason, with the position where there is one.
func (r *Rejection) Error() string {
	if r.At > 0 {
		return string(r.Reason) + " at " + strconv.Itoa(r.At)
	}
	return string(r.Reason)
}

func reject(reason Reason) error { return &Rejection{Reason: reason} }

func rejectAt(at int) error { return &Rejection{Reason: WrongCharacter, At: at} }
