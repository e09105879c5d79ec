package api

// What the tests see besides.
var (
	CheckReach   = checkReach
	MaxDepth     = maxDepth
	UUIDOf       = uuidOf
	ErrTooDeep   = errTooDeep
	ErrBigNumber = errBigInteger
)

// PlanOf is made when the table is.
func PlanOf[Req any]() { planOf[Req]() }

// Decode fills a request as its operation would.
func Decode[Req any](c *Call) (Req, error) {
	var r Req
	err := planOf[Req]().decode(c, &r)
	return r, err
}

// Failed is the answer to an error.
func Failed(err error) Reply { return failed(err) }

// Scan is the value that a text begins with, what is beyond reach in it, and whether
// there is one.
func Scan(text []byte) (value []byte, beyond error, ok bool) {
	r := newReader(text)
	v, err := r.value()
	return v, r.beyond, err == nil
}
