# The databases of the product with the version that each has and the one that the software on this computer expects, and the version of that
# software. Changes nothing.
#   module       the product's module
#   sql_server   the server that holds them
#   versions     none, installed or patch: where the version of the software is looked for
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
$databases = @(foreach ($one in @(Test-CsDatabase -ConfiguredDatabases -SqlServerFqdn $a.sql_server)) { ConvertTo-Plain $one 2 })
@{ databases = $databases; versions = Get-Versions $a.versions }
