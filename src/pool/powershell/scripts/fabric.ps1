# Where the fabric of the pool has its primaries and secondaries, as the lines that a person would read. Changes nothing.
#   module   the product's module
#   pool     the pool
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
# Whatever it writes, and however: no layout of it is public.
$text = Get-CsPoolFabricState -PoolFqdn $a.pool *>&1 | Out-String -Width 4096
@{ lines = @($text.Split("`n")) }
