# Fails the pool over to its partner, or back. Runs where the management tools are, and leaves a mark there while it goes on. Never with
# -DisasterMode: what was not copied yet is lost with it.
#   module      the product's module
#   pool        the pool
#   back        whether it is failed back
#   run, step   the names of the mark
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
Invoke-Marked $a {
    if ($a.back) { Invoke-CsPoolFailBack -PoolFqdn $a.pool -Confirm:$false } else { Invoke-CsPoolFailOver -PoolFqdn $a.pool -Confirm:$false }
}
